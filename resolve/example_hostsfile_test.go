package resolve_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// HostsFile answers the names in a file. The clock shows when it reads the changed file again.
func ExampleHostsFile() {
	dir, err := os.MkdirTemp("", "hosts")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path, now := filepath.Join(dir, "hosts"), time.Unix(0, 0)
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	write("192.0.2.1 db.example # the database\n")
	options := resolve.HostsOptions{Path: path, Interval: time.Minute, Clock: func() time.Time { return now }}
	hosts, err := resolve.NewHostsFile(options, resolve.NewBlocking(resolve.System{}.Lookup))
	if err != nil {
		log.Fatal(err)
	}
	host := resolve.Host{Strategy: hosts}
	defer host.Strategy.Close()
	for range 2 {
		answer, err := host.Lookup(context.Background(), "db.example", resolve.FamilyV4)
		fmt.Println(answer.Addrs(), err)
		write("192.0.2.1 db.example\n192.0.2.22 db.example\n")
		now = now.Add(time.Minute)
	}
	// Output:
	// [192.0.2.1] <nil>
	// [192.0.2.1 192.0.2.22] <nil>
}
