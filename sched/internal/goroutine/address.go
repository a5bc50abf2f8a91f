//go:build gc && (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x)

package goroutine

// Current returns the number of the calling goroutine, never zero: the address of the runtime's
// record of it. The runtime neither moves such a record nor frees it, and the assembler has a name
// for the register, or the place, where it is. It takes a few instructions.
func Current() uintptr
