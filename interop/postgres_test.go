package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
)

// TestPostgres has one server for all checks. They keep no tables.
func TestPostgres(t *testing.T) {
	d := interoptest.Postgres(t)
	use := func(client postgresCheck) func(*testing.T, harness) {
		return func(t *testing.T, h harness) { postgresBody(t, h, d, client) }
	}
	runForms(t,
		check{"payload", use(postgresPayload)},
		check{"unix", use(postgresUnix)},
		check{"many", use(postgresMany)},
		check{"rows", use(postgresRows)},
		check{"copy", use(postgresCopy)},
		check{"batch", use(postgresBatch)},
		check{"parameter of 200 MiB", use(postgresHuge)},
		check{"notify", use(postgresNotify)},
		check{"deadline", use(postgresDeadline)},
		check{"cancel", use(postgresCancel)},
		check{"terminated", use(postgresTerminated)},
	)
}

// postgresCheck uses connections that dial opens.
type postgresCheck func(ctx context.Context, dial postgresDial) error

// postgresDial opens a connection by TCP, or by the Unix-domain socket.
type postgresDial func(unix bool) (*pgx.Conn, error)

// postgresBody runs client in a body. If a write takes 15 ms, the library reads in a goroutine, and
// its caller waits for that goroutine.
func postgresBody(t *testing.T, h harness, d interoptest.Database, client postgresCheck) {
	h.Go("client", func(ctx context.Context) error {
		dial := func(unix bool) (*pgx.Conn, error) {
			config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", interoptest.PostgresUser, d.Addr))
			if err != nil {
				return nil, err
			}
			config.DialFunc = h.DialContext
			if unix {
				config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
					return h.DialContext(ctx, "unix", d.Socket)
				}
			}
			return pgx.ConnectConfig(ctx, config)
		}
		return h.Blocking(ctx, func() error { return client(ctx, dial) })
	})
}

// withPostgres runs use with a connection that it closes afterwards.
func withPostgres(ctx context.Context, dial postgresDial, unix bool, use func(c *pgx.Conn) error) error {
	c, err := dial(unix)
	if err != nil {
		return err
	}
	return errors.Join(use(c), c.Close(ctx))
}

// postgresExchange sends a parameter of n bytes and gets it back.
func postgresExchange(ctx context.Context, c *pgx.Conn, n int, seed uint64) error {
	want := payload(n, seed)
	var got []byte
	err := c.QueryRow(ctx, "select $1::bytea", want).Scan(&got)
	return errors.Join(err, same("bytea", got, want))
}

func postgresSizes(ctx context.Context, c *pgx.Conn) error {
	for i, n := range []int{0, 1, 4096, 1 << 16, 4<<20 + 1} {
		if err := postgresExchange(ctx, c, n, uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

func postgresPayload(ctx context.Context, dial postgresDial) error {
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error { return postgresSizes(ctx, c) })
}

func postgresUnix(ctx context.Context, dial postgresDial) error {
	return withPostgres(ctx, dial, true, func(c *pgx.Conn) error { return postgresSizes(ctx, c) })
}

func postgresMany(ctx context.Context, dial postgresDial) error {
	return together(20, func(i int) error {
		return withPostgres(ctx, dial, i%2 == 0, func(c *pgx.Conn) error {
			for j := range 20 {
				if err := postgresExchange(ctx, c, 1000+j, uint64(i)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// postgresRows reads a large answer, and ends the next one before its end.
func postgresRows(ctx context.Context, dial postgresDial) error {
	const rows = 100_000
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		all, err := c.Query(ctx, "select i, repeat('x', 100) from generate_series(1, $1) i", rows)
		if err != nil {
			return err
		}
		n := 0
		for all.Next() {
			var i int
			var x string
			if err := all.Scan(&i, &x); err != nil {
				return err
			}
			n++
			if i != n || len(x) != 100 {
				return fmt.Errorf("row %d: got %d and %d bytes", n, i, len(x))
			}
		}
		if err := all.Err(); err != nil || n != rows {
			return fmt.Errorf("got %d rows, want %d: %w", n, rows, err)
		}
		some, err := c.Query(ctx, "select generate_series(1, $1)", rows)
		if err != nil {
			return err
		}
		some.Next()
		some.Close()
		return errors.Join(some.Err(), postgresExchange(ctx, c, 10, 1))
	})
}

// postgresCopy sends rows into a table and reads them back.
func postgresCopy(ctx context.Context, dial postgresDial) error {
	const rows = 50_000
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "create temporary table t (i int, b bytea)"); err != nil {
			return err
		}
		n, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"i", "b"}, pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
			return []any{i, payload(100, uint64(i))}, nil
		}))
		if err != nil || n != rows {
			return fmt.Errorf("copied %d rows, want %d: %w", n, rows, err)
		}
		var count counter
		if _, err := c.PgConn().CopyTo(ctx, &count, "copy (select b from t order by i) to stdout with (format binary)"); err != nil {
			return err
		}
		if count < rows*100 {
			return fmt.Errorf("got %d bytes, want more than %d", count, rows*100)
		}
		return nil
	})
}

// counter counts the bytes that it gets.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func postgresBatch(ctx context.Context, dial postgresDial) error {
	const queries = 2000
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		b := new(pgx.Batch)
		for i := range queries {
			b.Queue("select $1::int, $2::bytea", i, payload(500, uint64(i)))
		}
		results := c.SendBatch(ctx, b)
		for i := range queries {
			var got int
			var bytes []byte
			if err := results.QueryRow().Scan(&got, &bytes); err != nil || got != i {
				return errors.Join(err, fmt.Errorf("query %d: got %d", i, got), results.Close())
			}
			if err := same("bytea", bytes, payload(500, uint64(i))); err != nil {
				return errors.Join(err, results.Close())
			}
		}
		return results.Close()
	})
}

// postgresHuge sends more than the kernel takes within 15 ms.
func postgresHuge(ctx context.Context, dial postgresDial) error {
	const n = 200 << 20
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		var got int
		err := c.QueryRow(ctx, "select length($1::bytea)", make([]byte, n)).Scan(&got)
		if err == nil && got != n {
			err = fmt.Errorf("got a length of %d, want %d", got, n)
		}
		return errors.Join(err, postgresExchange(ctx, c, 10, 1))
	})
}

func postgresNotify(ctx context.Context, dial postgresDial) error {
	const messages = 100
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "listen interop"); err != nil {
			return err
		}
		return withPostgres(ctx, dial, true, func(other *pgx.Conn) error {
			sent := make(chan error, 1)
			go func() {
				var err error
				for i := 0; i < messages && err == nil; i++ {
					_, err = other.Exec(ctx, "select pg_notify('interop', $1)", fmt.Sprint(i))
				}
				sent <- err
			}()
			for i := range messages {
				n, err := c.WaitForNotification(ctx)
				if err != nil {
					return err
				}
				// Each form notifies all connections that listen, but the forms run one after the
				// other.
				if want := fmt.Sprint(i); n.Payload != want {
					return fmt.Errorf("got %q, want %q", n.Payload, want)
				}
			}
			return <-sent
		})
	})
}

// postgresDeadline ends a query that takes long.
func postgresDeadline(ctx context.Context, dial postgresDial) error {
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		late, cancel := context.WithTimeout(ctx, short)
		defer cancel()
		_, err := c.Exec(late, "select pg_sleep(3600)")
		if !pgconn.Timeout(err) {
			return fmt.Errorf("got error %v, want a timeout", err)
		}
		return nil
	})
}

// postgresCancel cancels a query that the other connection sees running.
func postgresCancel(ctx context.Context, dial postgresDial) error {
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		running, cancel := context.WithCancel(ctx)
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := c.Exec(running, "select pg_sleep(3600)")
			ended <- err
		}()
		err := withPostgres(ctx, dial, true, func(other *pgx.Conn) error {
			return postgresSees(ctx, other, c.PgConn().PID(), "wait_event = 'PgSleep'")
		})
		cancel()
		return errors.Join(err, mustBe("Exec", <-ended, context.Canceled), closedByLibrary(c))
	})
}

// postgresTerminated has a server that ends the connection.
func postgresTerminated(ctx context.Context, dial postgresDial) error {
	return withPostgres(ctx, dial, false, func(c *pgx.Conn) error {
		ended := make(chan error, 1)
		go func() {
			_, err := c.Exec(ctx, "select pg_sleep(3600)")
			ended <- err
		}()
		err := withPostgres(ctx, dial, true, func(other *pgx.Conn) error {
			if err := postgresSees(ctx, other, c.PgConn().PID(), "wait_event = 'PgSleep'"); err != nil {
				return err
			}
			_, err := other.Exec(ctx, "select pg_terminate_backend($1)", c.PgConn().PID())
			return err
		})
		const adminShutdown = "57P01"
		var fault *pgconn.PgError
		if exec := <-ended; !errors.As(exec, &fault) || fault.Code != adminShutdown {
			err = errors.Join(err, fmt.Errorf("got error %v, want code %s", exec, adminShutdown))
		}
		return err
	})
}

// postgresSees returns once the server process pid is in a state. It asks again and again.
func postgresSees(ctx context.Context, c *pgx.Conn, pid uint32, state string) error {
	for seen := false; !seen; {
		err := c.QueryRow(ctx, "select exists(select from pg_stat_activity where pid = $1 and "+state+")", pid).Scan(&seen)
		if err != nil {
			return err
		}
	}
	return nil
}

// closedByLibrary returns an error unless the library has closed c. A query that was given up
// leaves the connection in an unknown state.
func closedByLibrary(c *pgx.Conn) error {
	select {
	case <-c.PgConn().CleanupDone():
	case <-time.After(patience):
		return errors.New("the library does not end the connection")
	}
	if !c.IsClosed() {
		return errors.New("the connection is open")
	}
	return nil
}
