# docs.mk - `make docs` writes docs/reference from the tables in the code; `make lint` compares.

.PHONY: docs
docs: all
	@B=$(B) bash docs/generate.sh
