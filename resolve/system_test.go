package resolve

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestSystemRefusesWhatItCannotAsk(t *testing.T) {
	const caa = 257
	for _, q := range []Question{mustQuestion(t, "one.example", caa), {mustQuestion(t, "one.example", TypeA).Name, TypeA, 3}} {
		if _, err := (System{}).Lookup(t.Context(), q); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v: got %v, want ErrUnsupported", q, err)
		}
	}
	a, err := System{}.Lookup(t.Context(), mustQuestion(t, "192.0.2.1", TypeA))
	if err != nil || a.Origin != OriginLiteral {
		t.Errorf("literal: got %v, %v, want origin literal", a, err)
	}
}

func TestErrorsOfNetAreMapped(t *testing.T) {
	q := mustQuestion(t, "one.example", TypeA)
	for _, c := range []struct{ err, want error }{
		{&net.DNSError{Err: "no such host", IsNotFound: true, Server: "192.0.2.53:53"}, ErrNotFound},
		{&net.DNSError{Err: "i/o timeout", IsTimeout: true}, ErrTimeout},
		{&net.DNSError{Err: "server misbehaving", IsTemporary: true}, ErrServFail},
		{&net.DNSError{Err: "too many open files"}, ErrServFail},
		{&net.AddrError{Err: "no suitable address found", Addr: "one.example"}, ErrNoData},
	} {
		err := fromNet(t.Context(), q, c.err)
		var e *Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Question != q {
			t.Errorf("error of net %v: got %v, want %v", c.err, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fromNet(ctx, q, &net.DNSError{Err: "operation was canceled"}); !errors.Is(err, ErrCanceled) {
		t.Errorf("canceled context: got %v, want ErrCanceled", err)
	}
	odd := errors.New("odd")
	if err := fromNet(t.Context(), q, odd); !errors.Is(err, odd) {
		t.Errorf("unknown error: got %v, want it wrapped", err)
	}
}

func TestByName(t *testing.T) {
	for _, name := range Names() {
		s, err := ByName(name, System{}.Lookup, PoolOptions{Workers: 1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.Close()
	}
	if _, err := ByName("rumour", System{}.Lookup, PoolOptions{}); err == nil {
		t.Errorf("rumour: got nil, want an error")
	}
	if _, err := ByName("pool", System{}.Lookup, PoolOptions{}); err == nil {
		t.Errorf("pool without workers: got nil, want an error")
	}
}
