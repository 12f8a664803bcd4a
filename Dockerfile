# The image of the worker: built and installed by the same scripts and targets as everywhere else
# (tests/cleanroom/run.sh docker-steps carries these steps out without Docker).
#
#   docker build -t sluice .
#   docker run -v $PWD/pipeline.yaml:/etc/sluice/pipeline.yaml:ro -v sluice-data:/var/lib/sluice -p 8083:8083 sluice
#
# Relative paths in the configuration (an offsets file, an SQLite database) are below /var/lib/sluice.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tests/support/packages.sh tests/support/packages.sh
RUN bash tests/support/packages.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -j"$(nproc)" && make install DESTDIR=/out PREFIX=/usr
RUN find /out/usr/bin /out/usr/lib -type f \( -name sluice -o -name '*.so' \) -exec strip --strip-unneeded {} + \
    && rm -rf /out/usr/include /out/usr/lib/*.a /out/usr/lib/pkgconfig

FROM debian:bookworm-slim
COPY --from=build /src/tests/support/packages.sh /tmp/packages.sh
RUN bash /tmp/packages.sh runtime && rm -rf /tmp/packages.sh /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && groupadd --system --gid 8083 sluice \
    && useradd --system --uid 8083 --gid sluice --home-dir /var/lib/sluice --no-create-home --shell /usr/sbin/nologin sluice \
    && install -d -o sluice -g sluice /var/lib/sluice && install -d /etc/sluice
COPY --from=build /out/ /
USER sluice
WORKDIR /var/lib/sluice
VOLUME /var/lib/sluice
EXPOSE 8083
STOPSIGNAL SIGTERM
ENTRYPOINT ["sluice"]
CMD ["standalone", "/etc/sluice/pipeline.yaml"]
