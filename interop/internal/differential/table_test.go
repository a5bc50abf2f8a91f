package differential

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
)

// Table has a row per case and a column per resolver.
type Table struct {
	Columns []string // names with versions
	Cells   [][]string
}

// notAvailable fills the column of a resolver that could not be asked.
const notAvailable = "n/a"

// programs are the resolvers that are programs. An empty path means that there is none.
type programs struct {
	Glibc, GlibcVersion string
	Cares, CaresVersion string
	Port                uint16 // of the server; 0 for any
}

// The lookups at once. The project's own resolver is asked alone, since it has a fixed time in
// which it must repeat a lost datagram.
const oursAtOnce, othersAtOnce = 4, 24

// play starts the server and asks it by every resolver.
func play(p programs) (Table, error) {
	all := cases()
	s, err := startServer(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), p.Port), all)
	if err != nil {
		return Table{}, err
	}
	defer s.close()
	columns := []resolver{{ours, askOurs}, {goVersion(), askGo}, {p.GlibcVersion, nil}, {p.CaresVersion, nil}}
	if p.Glibc != "" {
		columns[2].ask = askGlibc(p.Glibc)
	}
	if p.Cares != "" {
		columns[3].ask = askCares(p.Cares)
	}
	var t Table
	for range all {
		t.Cells = append(t.Cells, make([]string, len(columns)))
	}
	for i, column := range columns {
		t.Columns = append(t.Columns, column.name)
		if column.ask == nil {
			for j := range all {
				t.Cells[j][i] = notAvailable
			}
		}
	}
	t.ask(s.addr, all, columns, 0, 1, oursAtOnce)
	t.ask(s.addr, all, columns, 1, len(columns), othersAtOnce)
	return t, nil
}

// ask fills the columns from first to the one before end.
func (t *Table) ask(server netip.AddrPort, all []Case, columns []resolver, first, end, atOnce int) {
	var asking sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := first; i < end; i++ {
		if columns[i].ask == nil {
			continue
		}
		for j, c := range all {
			slots <- struct{}{}
			asking.Go(func() {
				defer func() { <-slots }()
				// Each column has names of its own. The dot ends the search for suffixes.
				t.Cells[j][i] = c.cell(columns[i].ask(server, fmt.Sprintf("%s.r%d.example.", c.label(), i)))
			})
		}
	}
	asking.Wait()
}

// Markdown returns the table in that form.
func (t Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| the server sends | wanted | %s |\n|---|---|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("---|", len(t.Columns)))
	for i, c := range cases() {
		cells := t.Cells[i]
		marked := make([]string, len(cells))
		for j, cell := range cells {
			if marked[j] = cell; cell != "ok" && cell != notAvailable {
				marked[j] = "**" + cell + "**"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, c.wanted(), strings.Join(marked, " | "))
	}
	return b.String()
}

// childVariable holds the programs for a process in a namespace of its own, which prints the table.
const childVariable = "DIFFERENTIAL_CHILD"

// dnsPort is the only port that glibc asks.
const dnsPort = 53

// child runs in the namespace. It returns false if this process is no such one.
func child() bool {
	text, ok := os.LookupEnv(childVariable)
	if !ok {
		return false
	}
	var p programs
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		p.Port = dnsPort
		var t Table
		if t, err = play(p); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(t)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
