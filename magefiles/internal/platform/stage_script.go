package platform

import (
	"fmt"
	"strings"
)

// script returns run.sh.
func (s *Stage) script() string {
	var b strings.Builder
	b.WriteString(scriptHead)
	for _, p := range s.Packages {
		if p.Program != "" {
			fmt.Fprintf(&b, "\trun %s %s \"$@\"\n", p.Dir, p.Program)
		}
	}
	b.WriteString(scriptTail)
	return b.String()
}

// The script keeps the whole output of a package in a file until it knows whether to show it. A
// test reports what passed only with -test.v, and then prints too much.
const scriptHead = `#!/bin/sh
# Runs each test program in the directory of its package. Arguments, as -test.run=NAME, go to every program.
here=$(cd "$(dirname "$0")" && pwd) || exit
temporary=$(mktemp -d "${TMPDIR:-/tmp}/edgewise.XXXXXX") || exit
trap 'rm -rf "$temporary"' EXIT
log=$temporary/log table=$temporary/table
: >"$table"
packages=0 passed=0 skipped=0 failed=0 status=0
run() {
	directory=$1 program=$2
	shift 2
	packages=$((packages + 1))
	(cd "$here/src/$directory" && exec "./$program" -test.v -test.timeout=10m "$@") >"$log" 2>&1
	code=$?
	p=$(grep -c '^ *--- PASS: ' "$log")
	s=$(grep -c '^ *--- SKIP: ' "$log")
	passed=$((passed + p)) skipped=$((skipped + s))
	sed -n 's/^ *\([^ :]*\.go:[0-9]*: \)*\(CONFORMANCE .*\)$/\2/p' "$log" >>"$table"
	if [ "$code" -eq 0 ]; then
		echo "ok  	$directory	$p passed, $s skipped"
	else
		cat "$log"
		echo "FAIL	$directory	exit status $code"
		failed=$((failed + 1)) status=1
	fi
}
all() {
`

const scriptTail = `}
all "$@"
sort "$table"
echo "$packages packages, $passed tests passed, $skipped skipped, $failed packages failed"
exit $status
`
