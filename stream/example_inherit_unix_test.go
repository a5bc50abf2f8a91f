//go:build unix

package stream_test

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// firstPassed is the number of the first descriptor that systemd passes (SD_LISTEN_FDS_START).
const firstPassed = 3

// passed returns the sockets that systemd has opened for this process, by the names of their units
// (sd_listen_fds(3)). It removes the variables, so that no child process takes the sockets for its
// own.
func passed() (map[string]*os.File, error) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil // not for this process
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, fmt.Errorf("LISTEN_FDS: %w", err)
	}
	files := map[string]*os.File{}
	for i := range n {
		fd := firstPassed + i
		syscall.CloseOnExec(fd)
		name := strconv.Itoa(fd)
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		files[name] = os.NewFile(uintptr(fd), name)
	}
	return files, nil
}

// A process that systemd starts at the first connection listens on a socket that systemd has
// opened. The unit is named by FileDescriptorName= of the socket.
func ExampleFileListener() {
	files, err := passed()
	if err != nil {
		log.Fatal(err)
	}
	file := files["web"]
	if file == nil {
		fmt.Println("not started by systemd")
		return
	}
	listener, err := stream.FileListener(park.Waiter{}, file)
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	// The listener has a duplicate.
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
	log.Print(http.Serve(listener, nil))
	// Output: not started by systemd
}
