package netresolver

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/edgewise-go/edgewise/resolve"
)

// The texts of package net, on which some programs depend.
const (
	textNotFound    = "no such host"
	textTimeout     = "i/o timeout"
	textCanceled    = "operation was canceled"
	textMisbehaving = "server misbehaving"
	textNames       = "DNS response contained records which contain invalid names"
)

// dnsError returns err as package net reports it, for the name that the caller wrote.
func dnsError(name string, err error) *net.DNSError {
	d := &net.DNSError{UnwrapErr: err, Err: strings.TrimPrefix(err.Error(), "resolve: "), Name: name}
	var e *resolve.Error
	if errors.As(err, &e) {
		d.Server = e.Server
		d.IsTemporary = e.Temporary()
		d.Err = strings.TrimPrefix(e.Err.Error(), "resolve: ")
	}
	switch {
	case errors.Is(err, resolve.ErrNotFound), errors.Is(err, resolve.ErrNoData):
		d.Err, d.IsNotFound = textNotFound, true
	case errors.Is(err, resolve.ErrName):
		// Package net reports a name that cannot exist as one that does not, without the reason.
		d.IsNotFound = true
	case errors.Is(err, context.DeadlineExceeded):
		d.Err, d.IsTimeout, d.IsTemporary = textTimeout, true, true
	case errors.Is(err, context.Canceled):
		d.Err = textCanceled
	case errors.Is(err, resolve.ErrServFail):
		d.Err = textMisbehaving
	}
	return d
}

func notFound(name string) *net.DNSError {
	return &net.DNSError{Err: textNotFound, Name: name, IsNotFound: true}
}

func invalidNames(name string) *net.DNSError { return &net.DNSError{Err: textNames, Name: name} }

// renamed returns err for another name.
func renamed(err error, name string) error {
	var d *net.DNSError
	if !errors.As(err, &d) {
		return err
	}
	named := *d
	named.Name = name
	return &named
}
