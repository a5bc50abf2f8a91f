package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// date is the value of the field Date, which is formatted once per second.
type date struct{ last atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   string
}

func (d *date) at(t time.Time) string {
	second := t.Unix()
	if last := d.last.Load(); last != nil && last.second == second {
		return last.text
	}
	next := &dateText{second, t.UTC().Format(http.TimeFormat)}
	d.last.Store(next)
	return next.text
}
