package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/edgewise-go/edgewise/resolve"
)

// The statuses of names, besides the names of response codes.
const (
	statusAnswered  = "NOERROR"
	statusNotFound  = "NXDOMAIN"
	statusNoData    = "NODATA"
	statusTimeout   = "TIMEOUT"
	statusBadName   = "BADNAME"
	statusBadAnswer = "BADANSWER"
	statusCanceled  = "CANCELED"
	statusFailed    = "FAILED"
)

// result is a name with its answer, or with the reason why it has none.
type result struct {
	entry
	err      error
	took     time.Duration
	status   string
	absolute resolve.Name // the name that was asked for
	owner    resolve.Name // the name that owns the rows
	rows     []row
	from     resolve.Answer // where the first row is from
	partial  error          // why one of the families of a host lookup is missing; nil if it has no addresses
}

// row is one address or record.
type row struct {
	kind string
	ttl  int64 // in seconds; -1 if it is not known
	data string
}

// questionOf returns the question for a name. A PTR question about an IP address asks for its
// reverse name.
func questionOf(name string, kind resolve.Type) (resolve.Question, error) {
	if addr, err := netip.ParseAddr(name); err == nil && kind == resolve.TypePTR {
		name = reverseName(addr)
	}
	return resolve.NewQuestion(name, kind)
}

// reverseName returns the name of an address (RFC 1035, section 3.5, and RFC 3596, section 2.5).
func reverseName(addr netip.Addr) string {
	bytes := addr.Unmap().AsSlice()
	var b strings.Builder
	for i := len(bytes) - 1; i >= 0; i-- {
		if len(bytes) == 4 {
			fmt.Fprintf(&b, "%d.", bytes[i])
		} else {
			fmt.Fprintf(&b, "%x.%x.", bytes[i]&15, bytes[i]>>4)
		}
	}
	if len(bytes) == 4 {
		return b.String() + "in-addr.arpa"
	}
	return b.String() + "ip6.arpa"
}

// ofHost takes the answer of a host lookup.
func (r *result) ofHost(a resolve.HostAnswer) {
	if r.err != nil {
		return
	}
	r.absolute, r.from, r.owner = a.Absolute, a.V6, a.V6.Canonical
	if a.V6.Len() == 0 {
		r.from, r.owner = a.V4, a.V4.Canonical
	}
	ttl4, ttl6 := ttlOf(a.V4), ttlOf(a.V6)
	for _, addr := range a.Addrs() {
		if addr.Is4() {
			r.rows = append(r.rows, row{"A", ttl4, addr.String()})
		} else {
			r.rows = append(r.rows, row{"AAAA", ttl6, addr.String()})
		}
	}
	for _, err := range []error{a.V6Err, a.V4Err} {
		if err != nil && !errors.Is(err, resolve.ErrNoData) && !errors.Is(err, resolve.ErrNotFound) {
			r.partial = err
		}
	}
	r.complete()
}

// ofAnswer takes the answer to a question.
func (r *result) ofAnswer(a resolve.Answer) {
	if r.err != nil {
		return
	}
	r.from, r.owner = a, a.Canonical
	for addr := range a.All() {
		r.rows = append(r.rows, row{a.Question.Type.String(), ttlOf(a), addr.String()})
	}
	for record := range a.Records() {
		kind, data, _ := strings.Cut(record.String(), " ")
		ttl := int64(record.TTL / time.Second)
		if left := ttlOf(a); left >= 0 && a.Cached {
			ttl = min(ttl, left)
		}
		r.rows = append(r.rows, row{kind, ttl, data})
	}
	r.complete()
}

func (r *result) complete() {
	if r.owner.IsZero() {
		r.owner = r.absolute
	}
	if len(r.rows) == 0 {
		r.err = resolve.ErrNoData
	}
}

// ttlOf returns the seconds until a expires, rounded, or -1 if that is not known.
func ttlOf(a resolve.Answer) int64 {
	if a.Expires.IsZero() {
		return -1
	}
	return max(0, int64(time.Until(a.Expires).Round(time.Second)/time.Second))
}

// classify sets the status.
func (r *result) classify() {
	var e *resolve.Error
	switch {
	case r.err == nil:
		r.status = statusAnswered
	case errors.Is(r.err, resolve.ErrNotFound):
		r.status = statusNotFound
	case errors.Is(r.err, resolve.ErrNoData):
		r.status = statusNoData
	case errors.Is(r.err, resolve.ErrTimeout):
		r.status = statusTimeout
	case errors.Is(r.err, resolve.ErrName), r.entry.err != nil:
		r.status = statusBadName
	case errors.Is(r.err, resolve.ErrMalformed):
		r.status = statusBadAnswer
	case errors.Is(r.err, resolve.ErrCanceled):
		r.status = statusCanceled
	default:
		r.status = statusFailed
		for err := r.err; errors.As(err, &e); err = e.Err {
			if e.RCode != resolve.RCodeSuccess {
				r.status = e.RCode.String()
			}
		}
	}
}

// failure returns why the name has no answer, for people.
func (r *result) failure(timeout time.Duration) string {
	text := explain(r.err)
	if r.status == statusTimeout {
		text += fmt.Sprintf("; the limit is -timeout %v", timeout)
	}
	return text
}

// explain returns the reason in err, without the name, which the caller prints, but with the
// server.
func explain(err error) string {
	var e *resolve.Error
	server, rcode := "", resolve.RCodeSuccess
	for errors.As(err, &e) {
		if e.Server != "" {
			server = e.Server
		}
		if e.RCode != resolve.RCodeSuccess {
			rcode = e.RCode
		}
		err = e.Err
	}
	text := strings.TrimPrefix(err.Error(), "resolve: ")
	if errors.Is(err, resolve.ErrName) && strings.HasSuffix(text, "character not allowed") {
		text += " (letters, digits, '-' and '_' are; write international names in their xn-- form)"
	}
	var notes []string
	if rcode != resolve.RCodeSuccess && !strings.Contains(text, rcode.String()) {
		notes = append(notes, rcode.String())
	}
	if server != "" && !strings.Contains(text, server) {
		notes = append(notes, "from "+server)
		if errors.Is(err, resolve.ErrTimeout) {
			notes[len(notes)-1] = "no answer from " + server
		}
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, " ") + ")"
	}
	return oneLine(text)
}

// oneLine returns s without line breaks and other control characters. A list of names, or a server,
// could otherwise send control sequences to the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ReplaceAll(s, "\n", "; "))
}
