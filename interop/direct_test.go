package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	netrpc "net/rpc"
	"testing"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
	"github.com/jackc/pgx/v5"
)

// These clients are called by a task itself, without Blocking, although they start goroutines and
// wait for them. The task holds its loop meanwhile, and they must not need that loop.

func TestPostgresDirectly(t *testing.T) {
	d := interoptest.Postgres(t)
	runForms(t, check{"slow write", func(t *testing.T, h harness) {
		h.Go("client", func(ctx context.Context) error {
			config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", interoptest.PostgresUser, d.Addr))
			if err != nil {
				return err
			}
			config.DialFunc = h.DialContext
			c, err := pgx.ConnectConfig(ctx, config)
			if err != nil {
				return err
			}
			for i := range 20 {
				if err := postgresExchange(ctx, c, 1000, uint64(i)); err != nil {
					return errors.Join(err, c.Close(ctx))
				}
			}
			// During a slow write, a goroutine of pgx reads.
			const large = 200 << 20
			var got int
			err = c.QueryRow(ctx, "select length($1::bytea)", make([]byte, large)).Scan(&got)
			if err == nil && got != large {
				err = fmt.Errorf("got a length of %d, want %d", got, large)
			}
			return errors.Join(err, c.Close(ctx))
		})
	}})
}

func TestRedisDirectly(t *testing.T) {
	addr := interoptest.Redis(t)
	runForms(t, check{"dial", func(t *testing.T, h harness) {
		h.Go("client", func(ctx context.Context) error {
			c := openRedis(h, addr)
			return errors.Join(c.Ping(ctx).Err(), c.Close())
		})
	}})
}

func TestHTTPDirectly(t *testing.T) {
	runForms(t, check{"get", func(t *testing.T, h harness) {
		l, err := h.Listen(t.Context(), "tcp", loopback)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		h.Go("client", func(ctx context.Context) error {
			transport := &http.Transport{DialContext: h.DialContext}
			defer transport.CloseIdleConnections()
			for range 20 {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr().String(), nil)
				if err != nil {
					return err
				}
				resp, err := (&http.Client{Transport: transport}).Do(req)
				if err != nil {
					return err
				}
				body, err := io.ReadAll(resp.Body)
				if err := errors.Join(err, resp.Body.Close(), same("body", body, []byte("hello"))); err != nil {
					return err
				}
			}
			return nil
		})
		if err := h.Wait(); err != nil {
			t.Error(err)
		}
		if err := errors.Join(server.Close(), ignore(<-served, http.ErrServerClosed)); err != nil {
			t.Error(err)
		}
	}})
}

// Doubler is the service of the rpc test.
type Doubler struct{}

// Double doubles a number.
func (Doubler) Double(n int, reply *int) error {
	*reply = 2 * n
	return nil
}

func TestRPCDirectly(t *testing.T) {
	runForms(t, check{"call", func(t *testing.T, h harness) {
		l, err := h.Listen(t.Context(), "tcp", loopback)
		if err != nil {
			t.Fatal(err)
		}
		server := netrpc.NewServer()
		if err := server.Register(Doubler{}); err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			if c, err := l.Accept(); err == nil {
				server.ServeConn(c)
			}
		}()
		h.Go("client", func(ctx context.Context) error {
			conn, err := h.DialContext(ctx, "tcp", l.Addr().String())
			if err != nil {
				return err
			}
			client := netrpc.NewClient(conn)
			for i := range 100 {
				var got int
				if err := client.Call("Doubler.Double", i, &got); err != nil || got != 2*i {
					return errors.Join(err, client.Close(), fmt.Errorf("double of %d: %d", i, got))
				}
			}
			return client.Close()
		})
		if err := h.Wait(); err != nil {
			t.Error(err)
		}
		<-served
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}})
}

// ignore returns err unless it is expected.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
