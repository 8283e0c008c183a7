# pairsim, a simulator with throwaway keys: not for production.
#   docker build -t pairsim . && docker run --rm -p 8080:8080 -p 8443:8443 pairsim
# Keep the data over restarts: -v pairsim:/data pairsim serve … --data /data/pairsim.db (arguments replace CMD).
# Other host ports: tell the server by --public-url and --public-mtls-url.

FROM golang:1.26 AS build
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -tags nomsgpack -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/pairsim ./cmd/pairsim \
 && mkdir /out/data

# The last stage is also built without the one above, from a ready binary: scripts/image.sh.
FROM scratch
LABEL org.opencontainers.image.title="pairsim" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/pairsim /pairsim
COPY --from=build --chown=65532:65532 /out/data /data
WORKDIR /data
USER 65532:65532
EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/pairsim", "wait", "--timeout", "2s"]
ENTRYPOINT ["/pairsim"]
CMD ["serve", "--http", "0.0.0.0:8080", "--mtls", "0.0.0.0:8443", "--control", "127.0.0.1:8081"]
