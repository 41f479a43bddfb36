# The static binary of `cargo xtask dist` and nothing else: run that first.
FROM scratch
COPY dist/camlock /camlock
# An empty folder that the user below owns.
COPY --chown=65532:65532 dist/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV CAMLOCK_DATABASE=sqlite:/data/camlock.db
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=12s --start-period=10s CMD ["/camlock", "health"]
ENTRYPOINT ["/camlock"]
CMD ["serve"]
