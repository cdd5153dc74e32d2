# shellcheck shell=bash
# To be sourced first by scripts whose head comment is their help: --help prints it and exits 0; another option as
# the first argument exits 64, before anything is started.
case ${1:-} in
-h | --help)
    sed -n '2,${/^#/!q; s/^# \{0,1\}//p}' "$0"
    grep -q '^# *example:' "$0" || echo "  example: VERBATIM_BIN=build/release/bin $0"
    exit 0
    ;;
-*)
    echo "${0##*/}: there is no option $1; --help says what there is" >&2
    exit 64
    ;;
esac
