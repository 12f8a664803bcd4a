# build.mk - every part of the build that is not compiling and linking has a file of its own in mk/.
include $(sort $(wildcard mk/*.mk))
