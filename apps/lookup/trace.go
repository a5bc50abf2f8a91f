package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// tracer prints the steps of the lookups, which take turns. The methods of a nil tracer do nothing.
type tracer struct {
	mu    sync.Mutex // guards the fields below
	out   io.Writer
	began time.Time // the lookup at hand
}

func newTracer(out io.Writer) *tracer { return &tracer{out: out} }

// line prints one step.
func (t *tracer) line(kind, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	took := time.Since(t.began)
	fmt.Fprintf(t.out, "%10.3f ms  %-11s  %s\n", float64(took.Microseconds())/1000, kind, oneLine(fmt.Sprintf(format, args...)))
}

// begin prints the name of a lookup, and what the search list says about it.
func (t *tracer) begin(name string, kind resolve.Type, r *resolver) {
	t.mu.Lock()
	t.began = time.Now()
	fmt.Fprintf(t.out, "lookup: trace of %s\n", oneLine(name))
	t.mu.Unlock()
	n, err := resolve.ParseName(name)
	if err != nil {
		return // the result has the reason
	}
	_, literal := n.Addr()
	switch {
	case literal:
		t.line("name", "is an IP address")
	case kind != 0:
		t.line("name", "is absolute, since -t is set")
	case r.host.Search == nil:
		t.line("name", "is absolute: there is no search list")
	case strings.HasSuffix(name, "."):
		t.line("name", "is absolute: it ends in a dot")
	default:
		s := r.host.Search()
		suffixes := "empty"
		if len(s.Suffixes) > 0 {
			suffixes = strings.Trim(fmt.Sprint(s.Suffixes), "[]")
		}
		t.line("name", "has %d dots; those with %d or more are tried as they are before the search list: %s", strings.Count(n.String(), "."), s.Ndots, suffixes)
	}
	if kind == 0 && r.watcher != nil {
		if needs, why := r.watcher.Current().NameNeedsSystem(n); needs {
			t.line("warning", "nsswitch.conf has another source, which is not asked: %s", why)
		}
	}
}

// end prints the result.
func (t *tracer) end(r *result) {
	if r.err != nil {
		t.line("result", "%s: %s", r.status, explain(r.err))
		return
	}
	data := make([]string, len(r.rows))
	for i, row := range r.rows {
		data[i] = row.data
	}
	t.line("result", "%s: %s", r.status, strings.Join(data, ", "))
	if r.partial != nil {
		t.line("result", "one family is missing: %s", explain(r.partial))
	}
}

// event returns the function that prints the steps of the resolver, or nil without a tracer.
func (t *tracer) event() func(stub.Event) {
	if t == nil {
		return nil
	}
	return func(e stub.Event) {
		var b strings.Builder
		if !e.Question.Name.IsZero() {
			fmt.Fprintf(&b, "%v %v", e.Question.Type, e.Question.Name)
		}
		if e.Server.IsValid() {
			preposition := "from"
			if e.Kind == stub.EventSent || e.Kind == stub.EventProbe || e.Kind == stub.EventStarted || e.Kind == stub.EventTimer {
				preposition = "to"
			}
			fmt.Fprintf(&b, " %s %v", preposition, e.Server)
		}
		if e.Text != "" {
			b.WriteString(": " + e.Text)
		}
		t.line(string(e.Kind), "%s", strings.TrimPrefix(strings.TrimSpace(b.String()), ": "))
	}
}

// above puts an observer around the whole chain: it prints which part has answered.
func (t *tracer) above(s resolve.Strategy) resolve.Strategy {
	if t == nil {
		return s
	}
	return resolve.NewObserve(traceAbove{t}, nil, s)
}

// below puts an observer around the strategy that asks the servers.
func (t *tracer) below(c *config, s resolve.Strategy) resolve.Strategy {
	if t == nil {
		return s
	}
	without := "no special name"
	if c.kind == 0 && !c.noHosts {
		without += ", not in the hosts file"
	}
	if !c.noCache {
		without += ", not in the cache"
	}
	return resolve.NewObserve(traceBelow{t, without}, nil, s)
}

type traceAbove struct{ t *tracer }

func (a traceAbove) Started(q resolve.Question) { a.t.line("question", "%v %v", q.Type, q.Name) }

func (a traceAbove) Tried(q resolve.Question, x resolve.Answer, err error) { a.Finished(q, 0, x, err) }

func (a traceAbove) Finished(q resolve.Question, _ time.Duration, x resolve.Answer, err error) {
	if err != nil {
		a.t.line("answer", "%v %v: none: %s", q.Type, q.Name, explain(err))
		return
	}
	source := string(x.Origin)
	switch x.Origin {
	case resolve.OriginHosts:
		source = "the hosts file"
	case resolve.OriginSpecial:
		source = "the rules for special names"
	case resolve.OriginLiteral:
		source = "the address itself"
	}
	if x.Server.IsValid() {
		source = fmt.Sprintf("%v over %s", x.Server, x.Origin)
	}
	if x.Cached {
		source = "the cache, first from " + source
	}
	n := x.Len()
	for range x.Records() {
		n++
	}
	text := fmt.Sprintf("%v %v: %d from %s", q.Type, q.Name, n, source)
	if !x.Canonical.IsZero() && x.Canonical != q.Name {
		text += fmt.Sprintf(", of %v at the end of its aliases", x.Canonical)
	}
	if ttl := ttlOf(x); ttl >= 0 {
		text += fmt.Sprintf(", for %d s", ttl)
	}
	a.t.line("answer", "%s", text)
}

type traceBelow struct {
	t       *tracer
	without string
}

func (b traceBelow) Started(q resolve.Question) {
	b.t.line("servers", "%v %v: %s: ask the servers", q.Type, q.Name, b.without)
}

func (traceBelow) Tried(resolve.Question, resolve.Answer, error) {}

func (traceBelow) Finished(resolve.Question, time.Duration, resolve.Answer, error) {}
