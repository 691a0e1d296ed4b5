# The demo in a container: a small model, whole, in integers and spikes, compared with floats.
#
#   docker build -t neuromorph .
#   docker run --rm neuromorph                                    # what `make demo` runs
#   docker run --rm -v "$PWD/out:/demo/out" neuromorph demo -o out/demo --force    # and keep its pages
#   docker run --rm neuromorph doctor                             # any other command
#
# The last but one writes as user 1000. tests/test_release.py holds this file to requirements/.
FROM python:3.12-slim-bookworm AS wheel
WORKDIR /src
COPY requirements/base.txt requirements/base.txt
RUN python -m pip install -qq --disable-pip-version-check --progress-bar off --no-cache-dir --constraint requirements/base.txt setuptools
COPY pyproject.toml README.md LICENSE ./
COPY neuromorph neuromorph
COPY processes processes
COPY hardware_profiles hardware_profiles
RUN python -m pip wheel -qq --disable-pip-version-check --progress-bar off --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel .

FROM python:3.12-slim-bookworm
COPY requirements/base.txt /tmp/base.txt
COPY --from=wheel /wheel /wheel
RUN python -m pip install -qq --disable-pip-version-check --progress-bar off --no-cache-dir --constraint /tmp/base.txt /wheel/*.whl matplotlib \
    && useradd --uid 1000 --create-home person \
    && mkdir /demo && chown person /demo
# Compiled kernels: a container's root folders may be read-only.
ENV NUMBA_CACHE_DIR=/home/person/.numba
USER person
WORKDIR /demo
ENTRYPOINT ["neuromorph"]
CMD ["demo", "-o", "out/demo", "--force"]
