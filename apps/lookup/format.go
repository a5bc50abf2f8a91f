package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// formatter appends the lines of a result to b.
type formatter func(b []byte, r *result) []byte

func formats() []string { return []string{"table", "json", "csv"} }

// The widths of the columns of a table. Longer values shift the columns after them.
const (
	nameWidth = 30
	kindWidth = 5
	ttlWidth  = 6
)

func formatterOf(name string, timeout time.Duration) formatter {
	switch name {
	case "json":
		return func(b []byte, r *result) []byte { return appendJSON(b, r, timeout) }
	case "csv":
		return func(b []byte, r *result) []byte { return appendCSV(b, r, timeout) }
	}
	return appendTable
}

func appendTable(b []byte, r *result) []byte {
	for _, row := range r.rows {
		ttl := "-"
		if row.ttl >= 0 {
			ttl = strconv.FormatInt(row.ttl, 10)
		}
		b = fmt.Appendf(b, "%-*s  %-*s  %*s  %s", nameWidth, r.name, kindWidth, row.kind, ttlWidth, ttl, row.data)
		if r.renamed() {
			b = fmt.Appendf(b, "  %s", r.owner)
		}
		b = append(b, '\n')
	}
	return b
}

// renamed reports whether the rows belong to another name than the one that was given.
func (r *result) renamed() bool {
	given, err := resolve.ParseName(r.name)
	return err == nil && !r.owner.IsZero() && given != r.owner
}

// answerJSON is a row in JSON.
type answerJSON struct {
	Type string `json:"type"`
	TTL  *int64 `json:"ttl,omitempty"`
	Data string `json:"data"`
}

// lineJSON is a line of the format json.
type lineJSON struct {
	Name         string       `json:"name"`
	Status       string       `json:"status"`
	Answers      []answerJSON `json:"answers"`
	Absolute     string       `json:"absolute,omitempty"`
	Owner        string       `json:"owner,omitempty"`
	Origin       string       `json:"origin,omitempty"`
	Server       string       `json:"server,omitempty"`
	Cached       bool         `json:"cached,omitempty"`
	Truncated    bool         `json:"truncated,omitempty"`
	Partial      string       `json:"partial,omitempty"`
	Error        string       `json:"error,omitempty"`
	Line         int          `json:"line,omitempty"`
	Milliseconds float64      `json:"ms"`
}

func appendJSON(b []byte, r *result, timeout time.Duration) []byte {
	line := lineJSON{
		Name: r.name, Status: r.status, Answers: make([]answerJSON, len(r.rows)), Absolute: r.absolute.String(), Owner: r.owner.String(),
		Origin: string(r.from.Origin), Cached: r.from.Cached, Truncated: r.from.Truncated, Line: r.line,
		Milliseconds: float64(r.took.Microseconds()) / 1000,
	}
	for i, row := range r.rows {
		line.Answers[i] = answerJSON{Type: row.kind, Data: row.data}
		if row.ttl >= 0 {
			line.Answers[i].TTL = &r.rows[i].ttl
		}
	}
	if r.from.Server.IsValid() {
		line.Server = r.from.Server.String()
	}
	if r.partial != nil {
		line.Partial = explain(r.partial)
	}
	if r.err != nil {
		line.Error = r.failure(timeout)
	}
	text, err := json.Marshal(line)
	if err != nil { // impossible: the line has no value that JSON lacks
		panic(err)
	}
	return append(append(b, text...), '\n')
}

const headerCSV = "name,status,type,ttl,data,owner,server,error\n"

// sliceWriter appends what is written.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

func appendCSV(b []byte, r *result, timeout time.Duration) []byte {
	out := &sliceWriter{b}
	w := csv.NewWriter(out)
	server, failure := string(r.from.Origin), ""
	if r.from.Server.IsValid() {
		server = r.from.Server.String()
	}
	if r.err != nil {
		failure = r.failure(timeout)
		_ = w.Write([]string{r.name, r.status, "", "", "", "", server, failure})
	}
	for _, row := range r.rows {
		ttl := ""
		if row.ttl >= 0 {
			ttl = strconv.FormatInt(row.ttl, 10)
		}
		_ = w.Write([]string{r.name, r.status, row.kind, ttl, row.data, r.owner.String(), server, ""})
	}
	w.Flush() // a sliceWriter has no error
	return out.b
}
