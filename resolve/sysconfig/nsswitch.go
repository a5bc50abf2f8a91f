package sysconfig

import (
	"io"
	"strings"
)

// Module is a source of host names, and what follows from its results. Sources are named as in
// nsswitch.conf(5), in lower case: "files" is the hosts file, "dns" the name servers.
type Module struct {
	Name     string
	Criteria []Criterion // in their order; the last that applies decides
}

// Status is a result of a [Module].
type Status string

// The results of a module.
const (
	StatusSuccess  Status = "success"
	StatusNotFound Status = "notfound"
	StatusUnavail  Status = "unavail"
	StatusTryAgain Status = "tryagain"
)

// Action is what follows a result of a [Module].
type Action string

// The actions. [ActionMerge] is meant for other databases than hosts.
const (
	ActionReturn   Action = "return"
	ActionContinue Action = "continue"
	ActionMerge    Action = "merge"
)

// Criterion is an action for a result, such as [NOTFOUND=return]. A criterion that the parser does
// not know keeps its text: see [Settings.NeedsSystem].
type Criterion struct {
	Not    bool // the criterion is for all results except Status
	Status Status
	Action Action
}

func (c Criterion) known() bool {
	switch c.Status {
	case StatusSuccess, StatusNotFound, StatusUnavail, StatusTryAgain:
		return c.Action == ActionReturn || c.Action == ActionContinue
	}
	return false
}

// After returns the action after a result: the last criterion for it, or the default. By default a
// success returns, and any other result continues.
func (m Module) After(s Status) Action {
	action := ActionContinue
	if s == StatusSuccess {
		action = ActionReturn
	}
	for _, c := range m.Criteria {
		if c.known() && (c.Status == s) != c.Not {
			action = c.Action
		}
	}
	return action
}

// maxCriteria bounds the criteria of one module.
const maxCriteria = 16

// ParseNSSwitch returns the sources of the last "hosts:" line in an nsswitch.conf(5), and warnings.
// It returns no sources if there is no such line. The only possible error is one of r.
//
// A '#' begins a comment anywhere. Keywords and names of sources match regardless of case.
func ParseNSSwitch(r io.Reader) (hosts []Module, skipped []string, err error) {
	w := warnings{file: "nsswitch.conf"}
	_, err = readLines(r, &w, func(n int, line string) {
		line, _, _ = strings.Cut(line, "#")
		database, sources, ok := strings.Cut(line, ":")
		if !ok || strings.Trim(database, " \t") != "hosts" {
			return
		}
		hosts = parseSources(sources, n, &w)
	})
	if err != nil {
		return nil, nil, err
	}
	return hosts, w.list, nil
}

func parseSources(text string, n int, w *warnings) []Module {
	var hosts []Module
	for text = strings.Trim(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		if inside, ok := strings.CutPrefix(text, "["); ok {
			inside, rest, closed := strings.Cut(inside, "]")
			if !closed {
				w.add(n, "%s has no ']'", quote(text))
			}
			text = rest
			if len(hosts) == 0 {
				w.add(n, "[%s] follows no source: ignored", quote(inside))
				continue
			}
			last := &hosts[len(hosts)-1]
			last.Criteria = append(last.Criteria, parseCriteria(inside, n, w)...)
			last.Criteria = last.Criteria[:min(len(last.Criteria), maxCriteria)]
			continue
		}
		end := strings.IndexAny(text, " \t[")
		if end < 0 {
			end = len(text)
		}
		name := strings.ToLower(text[:end])
		text = text[end:]
		if len(hosts) == MaxModules || len(name) > quotedMax {
			w.add(n, "source %s: more than %d sources, or a name of more than %d bytes: the rest is ignored", quote(name), MaxModules, quotedMax)
			return hosts
		}
		hosts = append(hosts, Module{Name: name})
	}
	return hosts
}

func parseCriteria(text string, n int, w *warnings) []Criterion {
	var list []Criterion
	for _, word := range fields(text) {
		word = strings.ToLower(word[:min(len(word), quotedMax)])
		status, action, _ := strings.Cut(word, "=")
		status, not := strings.CutPrefix(status, "!")
		c := Criterion{Not: not, Status: Status(status), Action: Action(action)}
		if !c.known() {
			w.add(n, "criterion %s is not known", quote(word))
		}
		if len(list) < maxCriteria {
			list = append(list, c)
		}
	}
	return list
}
