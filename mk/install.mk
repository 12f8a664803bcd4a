# install.mk - `make install` (PREFIX, LIBDIR, DESTDIR): the worker, its plugins, what plugin authors need, samples.
#
# Everything goes below PREFIX, also the systemd unit: systemd reads /usr/local/lib/systemd/system. No configuration is
# put in place; the unit reads /etc/sluice/sluice.yaml or what SLUICE_ARGS in /etc/default/sluice names.

INSTALL ?= install
BINDIR ?= $(PREFIX)/bin
PLUGINDIR ?= $(LIBDIR)/sluice/plugins
DATADIR ?= $(PREFIX)/share
UNITDIR ?= $(PREFIX)/lib/systemd/system

FILL = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
	-e 's|@PLUGINDIR@|$(PLUGINDIR)|g' -e 's|@VERSION@|$(VERSION)|g'

.PHONY: install
install: all $(B)/libsluice-plugin.a install-files

# install-files copies what was built before, and builds nothing.
.PHONY: install-files
install-files:
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(PLUGINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(PREFIX)/include/sluice $(DESTDIR)$(DATADIR)/sluice/config $(DESTDIR)$(DATADIR)/sluice/template \
		$(DESTDIR)$(DATADIR)/man/man1 $(DESTDIR)$(DATADIR)/bash-completion/completions
	$(INSTALL) -m 755 $(B)/sluice $(DESTDIR)$(BINDIR)/sluice
	$(INSTALL) -m 644 $(PLUGIN_SO) $(DESTDIR)$(PLUGINDIR)/
	$(INSTALL) -m 644 plugins-api/include/sluice/*.h $(DESTDIR)$(PREFIX)/include/sluice/
	$(INSTALL) -m 644 $(B)/libsluice-plugin.a $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 644 plugins-api/template/* $(DESTDIR)$(DATADIR)/sluice/template/
	if [ -d config ]; then cp -R config/. $(DESTDIR)$(DATADIR)/sluice/config/; fi
	chmod -R u+rwX,go+rX,go-w $(DESTDIR)$(DATADIR)/sluice
	$(FILL) packaging/sluice-plugin.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/sluice-plugin.pc
	$(FILL) packaging/sluice.service >$(DESTDIR)$(UNITDIR)/sluice.service
	$(B)/sluice man >$(DESTDIR)$(DATADIR)/man/man1/sluice.1
	$(B)/sluice completion bash >$(DESTDIR)$(DATADIR)/bash-completion/completions/sluice
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/sluice-plugin.pc $(DESTDIR)$(UNITDIR)/sluice.service \
		$(DESTDIR)$(DATADIR)/man/man1/sluice.1
