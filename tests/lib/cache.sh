# shellcheck shell=bash
# To be sourced by scripts that fetch or build something once and keep it in the cache.
# shellcheck disable=SC2034 # for who sources this
caches=${VERBATIM_CACHE:-$HOME/.cache/verbatim}

skip() {
    echo "${0##*/}: $*" >&2
    exit 77
}

# once MARK COMMAND...: runs COMMAND until it has succeeded once, also when several tests ask at the same time. MARK is a
# file that is there afterwards, made by COMMAND or by us; what COMMAND says is in fetch.log beside it.
once() {
    local mark=$1 folder
    shift
    [ ! -e "$mark" ] || return 0
    folder=$(dirname "$mark")
    mkdir -p "$folder"
    (
        flock 9
        [ ! -e "$mark" ] || exit 0
        "$@" >"$folder/fetch.log" 2>&1 || exit 1
        [ -e "$mark" ] || touch "$mark"
    ) 9>"$folder/lock"
}

# npm_once FOLDER PACKAGE@VERSION: into FOLDER/node_modules.
npm_once() {
    command -v npm >/dev/null || [ -e "$1/complete" ] || skip "no npm (ops/deps --test installs it)"
    once "$1/complete" npm install --prefix "$1" --no-save --ignore-scripts --no-audit --no-fund "$2" ||
        skip "npm could not install $2: $(tail -n 1 "$1/fetch.log")"
}

# go_once PROGRAM MODULE@VERSION: the program that `go install` makes of it, by its path.
go_once() {
    local go
    [ ! -e "$1" ] || return 0
    go=$("$(dirname "${BASH_SOURCE[0]}")/go.sh") || skip "no $1, and no go to build it"
    once "$1" env GOBIN="$(dirname "$1")" "$go" install "$2" || skip "go could not build $2: $(tail -n 1 "$(dirname "$1")/fetch.log")"
}
