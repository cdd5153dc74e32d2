#!/bin/bash
# ops/deps where it may not install: without root and sudo it prints the exact command; with sudo it asks first. Nothing is
# installed here: its PATH lacks one program, and its sudo only says what it was asked.
. "$(dirname "$0")/lib.sh"

tools=$scratch/tools
mkdir "$tools"
for tool in bash sh env id sed head sort cat rm mktemp gcc cmake pkg-config python3 apt-get apt-cache; do
    ln -s "$(command -v "$tool")" "$tools/$tool" || skip "no $tool"
done
cp "$source/ops/deps" "$scratch/deps"
chmod 755 "$scratch" "$scratch/deps" "$tools"
ordinary=()
if [ "$(id -u)" = 0 ]; then ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
deps=("${ordinary[@]}" env -i "PATH=$tools" HOME=/nonexistent bash "$scratch/deps")

"${deps[@]}" </dev/null >"$scratch/out" 2>"$scratch/err"
equal "without sudo: exit status" $? 69
check "it names what is missing" contains "$scratch/err" "these packages are missing: ninja-build"
check "and prints the command" grep -qx '  sudo apt-get update && sudo apt-get install --no-install-recommends -y ninja-build' "$scratch/err"

printf '#!/bin/sh\necho "sudo was asked" >&2\nexit 1\n' >"$tools/sudo"
chmod 755 "$tools/sudo"
"${deps[@]}" </dev/null >"$scratch/out" 2>"$scratch/err"
equal "with sudo and no terminal: exit status" $? 69
check "sudo isn't called where nobody can be asked" [ "$(grep -c 'sudo was asked' "$scratch/err")" = 0 ]
answer() { script -qec "${deps[*]@Q}" /dev/null <<<"$1" >"$scratch/terminal" 2>&1; }
answer n
check "on a terminal it asks" contains "$scratch/terminal" "Install with sudo apt-get? [Y/n]"
check "no means no" [ "$(grep -c 'sudo was asked' "$scratch/terminal")" = 0 ]
check "and then the command is printed" contains "$scratch/terminal" "sudo apt-get install --no-install-recommends -y ninja-build"
answer y
check "yes means sudo" contains "$scratch/terminal" "sudo was asked"
"${deps[@]}" --print >"$scratch/out" 2>&1
for package in librdkafka-dev libuv1-dev liblmdb-dev cmake; do check "--print names $package" grep -qx "$package" "$scratch/out"; done
finish
