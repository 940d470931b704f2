# A spore in a container.
#
#   docker build -t spore .
#   docker run --rm -v spore:/data spore token create --name laptop        # prints a token once: keep it
#   docker run -d --name spore -p 127.0.0.1:7860:7860 -v spore:/data --read-only --tmpfs /tmp spore
#   curl -H "Authorization: Bearer <token>" http://127.0.0.1:7860/api/health
#
# Beyond loopback a spore starts only with a token, and a container's published port is beyond its loopback: make the
# token first, as above. Put TLS in front before you publish the port to others. Everything that lasts is in /data.

FROM node:24-slim AS build
WORKDIR /app
# hnswlib-node is compiled; what runs does not need what compiles it.
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY types ./types
COPY src ./src
RUN npm run build
# What runs needs no tools; the base image brings its own Node.
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
# The image's user `node` has uid 1000; the folder is made here so that a fresh volume belongs to it.
RUN mkdir /data && chown 1000:1000 /data
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json bootstrap.json config.template.yaml LICENSE ./
COPY bin ./bin
ENV NODE_ENV=production SPORE_HOME=/data HOST=0.0.0.0 PORT=7860
USER 1000:1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((r) => { process.exitCode = r.ok ? 0 : 1 }, () => { process.exitCode = 1 })"]
# node is process 1 and gets the signals itself: SIGTERM ends the spore with its writes done.
ENTRYPOINT ["node", "bin/spore.js"]
CMD ["start"]
