package compare

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/contender"
)

// Result is everything that a run has found.
type Result struct {
	Machine   Machine             `json:"machine"`
	Date      string              `json:"date"`
	Rounds    int                 `json:"rounds"`
	Duration  string              `json:"duration"`
	Servers   []Server            `json:"servers"` // the first is the reference of the ratios
	Skipped   []contender.Skipped `json:"skipped,omitempty"`
	Works     []Work              `json:"works"`
	Samples   []Sample            `json:"samples"`
	Failed    []Failure           `json:"failed,omitempty"`
	Uncounted string              `json:"system_calls_not_counted,omitempty"` // why
}

// Machine is where the run took place.
type Machine struct {
	Model      string `json:"model"`
	Processors int    `json:"processors"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

// Server is a compared server.
type Server struct {
	Word    string `json:"word"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Ours    bool   `json:"ours,omitempty"`
}

// Sample is the outcome of one turn of a server at a work. Times and counts are per message.
type Sample struct {
	Work   string `json:"work"`
	Server string `json:"server"`
	Round  int    `json:"round"`

	Rate     float64 `json:"messages_per_second,omitempty"`
	CPU      float64 `json:"cpu_ns_per_message,omitempty"`
	Switches float64 `json:"switches_per_message,omitempty"`
	P50      float64 `json:"p50_us,omitempty"`
	P99      float64 `json:"p99_us,omitempty"`
	P999     float64 `json:"p999_us,omitempty"`

	// SystemCalls is from a turn of its own, which has no other figures: counting slows a server.
	SystemCalls float64 `json:"system_calls_per_message,omitempty"`

	Bytes float64 `json:"bytes_per_connection,omitempty"` // of idle
}

// Failure is a server that did not do a work. Its later turns at it were omitted.
type Failure struct {
	Work   string `json:"work"`
	Server string `json:"server"`
	Reason string `json:"reason"`
}

// machine describes this machine.
func machine() Machine {
	m := Machine{Processors: runtime.NumCPU(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Model: "unknown processor"}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(release))
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Model = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d processors, kernel %s, %s, %s", m.Model, m.Processors, m.Kernel, m.Go, m.Platform)
}

// dateFormat is the format of Date.
const dateFormat = time.DateOnly
