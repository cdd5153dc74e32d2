#!/bin/bash
# A real S3 server (MinIO, no container) for tests, on a free port of 127.0.0.1.
set -eu

usage() {
    cat <<'END'
usage: tests/lib/minio.sh start DIR     prints endpoint=http://127.0.0.1:PORT, pid=PID
       tests/lib/minio.sh stop DIR      TERM, then KILL after 10 s
       tests/lib/minio.sh restart DIR   starts it again on its old port and data
       tests/lib/minio.sh fetch         only fills the cache

Everything lives in DIR: data/, minio.log, minio.pid, minio.port. A bucket is a folder: mkdir DIR/data/NAME.
Access key verbatim, secret verbatim-secret (MINIO_ROOT_USER and MINIO_ROOT_PASSWORD change them).
Where there are DIR/certs/public.crt and private.key, it speaks https with them, and the endpoint says so.
The program is built once by `go install` into ${VERBATIM_CACHE:-~/.cache/verbatim}/minio (MINIO_VERSION=latest
takes another one than ours).
Exit 77: MinIO can't be had here, and why.

example: eval "$(tests/lib/minio.sh start /tmp/minio)"; curl "$endpoint/minio/health/live"; tests/lib/minio.sh stop /tmp/minio
END
}

version=${MINIO_VERSION:-v0.0.0-20260212201848-7aac2a2c5b7c}
. "$(dirname "$0")/cache.sh"
minio=$caches/minio/minio

fetch() { go_once "$minio" "github.com/minio/minio@$version"; }

free_port() { python3 "$(dirname "$0")/ports.py" 1; }

running() { [ -e "$1/minio.pid" ] && kill -0 "$(cat "$1/minio.pid")" 2>/dev/null; }

# Alive comes before ready: until its buckets are loaded it answers 503 to the S3 API, and then 403 to us.
ready() {
    local url
    url=$(scheme "$1")://127.0.0.1:$2
    curl -ks -o /dev/null -f --noproxy '*' -m 2 "$url/minio/health/live" &&
        [ "$(curl -ks -o /dev/null -w '%{http_code}' --noproxy '*' -m 2 "$url/")" = 403 ]
}

scheme() { if [ -e "$1/certs/public.crt" ]; then echo https; else echo http; fi; }

# Waits until it is ready, or gone (a port may be taken between our look and its start: 3).
await() {
    local dir=$1 port=$2 tries=0
    until ready "$dir" "$port"; do
        running "$dir" || return 3
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || return 1
        sleep 0.1
    done
}

launch() {
    local dir=$1 port=$2
    MINIO_ROOT_USER=${MINIO_ROOT_USER:-verbatim} MINIO_ROOT_PASSWORD=${MINIO_ROOT_PASSWORD:-verbatim-secret} \
        MINIO_BROWSER=off MINIO_UPDATE=off MINIO_CI_CD=1 \
        setsid "$minio" server "$dir/data" --address "127.0.0.1:$port" --certs-dir "$dir/certs" --quiet \
        >>"$dir/minio.log" 2>&1 </dev/null &
    echo $! >"$dir/minio.pid"
    echo "$port" >"$dir/minio.port"
    await "$dir" "$port"
}

start() {
    local dir=$1 port rc=0
    fetch
    mkdir -p "$dir/data" "$dir/certs"
    running "$dir" && { echo "minio.sh: one runs already in $dir" >&2; exit 1; }
    for _ in 1 2 3; do
        port=${2:-$(free_port)}
        rc=0
        launch "$dir" "$port" || rc=$?
        [ "$rc" = 3 ] || break
    done
    if [ "$rc" != 0 ]; then
        echo "minio.sh: it did not start:" >&2
        tail -n 5 "$dir/minio.log" >&2
        stop "$dir"
        exit 1
    fi
    echo "endpoint=$(scheme "$dir")://127.0.0.1:$port"
    echo "pid=$(cat "$dir/minio.pid")"
}

stop() {
    local dir=$1 pid tries=0
    [ -e "$dir/minio.pid" ] || return 0
    pid=$(cat "$dir/minio.pid")
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || kill -KILL "$pid" 2>/dev/null || true
        sleep 0.1
    done
    rm -f "$dir/minio.pid"
}

case ${1:-} in
start) start "${2:?DIR}" ;;
stop) stop "${2:?DIR}" ;;
restart) stop "${2:?DIR}" && start "$2" "$(cat "$2/minio.port")" ;;
fetch) fetch ;;
-h | --help) usage ;;
*) usage >&2; exit 64 ;;
esac
