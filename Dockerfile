# The bridge over stdio:        docker run -i --rm a2a-mcp https://agent.example
# over HTTP (deploy/compose.yaml shows it whole): docker run -p 8000:8000 a2a-mcp --http --host 0.0.0.0 ...
# It runs as a user without rights, and with --read-only: only /state is written.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir "uv>=0.9,<1"
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY a2a_mcp ./a2a_mcp
RUN uv venv /opt/a2a-mcp \
 && VIRTUAL_ENV=/opt/a2a-mcp uv pip install --no-cache --constraint constraints.txt --compile-bytecode ".[grpc,speed,demo,postgres]"

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bridge \
 && install -d -o bridge -g bridge -m 700 /state
COPY --from=build /opt/a2a-mcp /opt/a2a-mcp
ENV PATH=/opt/a2a-mcp/bin:$PATH PYTHONDONTWRITEBYTECODE=1 A2A_MCP_STATE_DIR=/state
USER bridge
VOLUME /state
EXPOSE 8000
ENTRYPOINT ["a2a-mcp"]
