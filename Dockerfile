# Build: the hash-pinned dependencies and our wheel, in a virtual environment that the last stage takes over whole.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/oncall
COPY requirements.lock ./
RUN /opt/oncall/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY migrations ./migrations
COPY src ./src
RUN /opt/oncall/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 999 --create-home --home-dir /var/lib/oncall oncall \
    && chmod 0700 /var/lib/oncall
COPY --from=build /opt/oncall /opt/oncall
ENV PATH=/opt/oncall/bin:$PATH \
    ONCALL_HOST=0.0.0.0 \
    ONCALL_DATA_DIR=/var/lib/oncall
USER oncall
VOLUME /var/lib/oncall
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('ONCALL_PORT', '8080') + '/livez', timeout=2)"]
ENTRYPOINT ["oncall"]
CMD ["serve"]
