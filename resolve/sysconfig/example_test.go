package sysconfig_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

// A resolver asks the watcher for each name, because the configuration may change.
func ExampleWatcher() {
	watcher, err := sysconfig.NewWatcher(sysconfig.Options{})
	if err != nil {
		log.Fatal(err)
	}
	host := resolve.Host{
		Strategy: resolve.NewBlocking(resolve.System{}.Lookup),
		Search:   func() resolve.Search { return watcher.Current().HostSearch() },
	}
	defer host.Strategy.Close()
	fmt.Println("configuration", watcher.Generation())
	// Output: configuration 1
}

// The parser skips what it does not know.
func ExampleParseResolvConf() {
	const file = "nameserver 192.0.2.53\nnameserver dns.example\nsearch corp.example\noptions ndots:2 timeout:1\n"
	c, err := sysconfig.ParseResolvConf(strings.NewReader(file), sysconfig.Environment{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Servers, c.Search, c.Ndots, c.Timeout, c.Attempts)
	fmt.Println(c.Warnings[0])
	// Output:
	// [192.0.2.53:53] [corp.example] 2 1s 2
	// resolv.conf: line 2: nameserver "dns.example" is not an IP address: ignored
}

// Names that only the system can look up go to another strategy.
func ExampleSettings_NameNeedsSystem() {
	hosts, _, err := sysconfig.ParseNSSwitch(strings.NewReader("hosts: files mdns4_minimal [NOTFOUND=return] dns\n"))
	if err != nil {
		log.Fatal(err)
	}
	c := sysconfig.Settings{Lookup: hosts}
	for _, text := range []string{"printer.local", "www.example"} {
		name, err := resolve.ParseName(text)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.NameNeedsSystem(name))
	}
	// Output:
	// true printer.local may be known to mdns4_minimal
	// false
}
