//go:build !(gc && (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x))

package goroutine

// Current returns the number of the calling goroutine, which is never zero.
func Current() uintptr { return number() }
