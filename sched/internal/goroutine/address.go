//go:build gc && (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x)

package goroutine

// Current returns the number of the calling goroutine, which is never zero. The number is the
// address of the runtime's record of the goroutine. The runtime neither moves nor frees such a
// record. The assembler has a name for the register or the place that holds it. Current takes a few
// instructions.
func Current() uintptr
