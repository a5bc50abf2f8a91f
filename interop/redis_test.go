package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
)

// TestRedis has one server for all checks. Each check has keys of its own.
func TestRedis(t *testing.T) {
	addr := interoptest.Redis(t)
	use := func(client redisCheck) func(*testing.T, harness) {
		return func(t *testing.T, h harness) { redisBody(t, h, addr, client) }
	}
	runForms(t,
		check{"payload", use(redisPayload)},
		check{"pipeline", use(redisPipeline)},
		check{"many", use(redisMany)},
		check{"large", use(redisLarge)},
		check{"publish", use(redisPublish)},
		check{"deadline", use(redisDeadline)},
		check{"cancel", use(redisCancel)},
		check{"one connection in the body", func(t *testing.T, h harness) { redisWarm(t, h, addr) }},
	)
}

// redisCheck uses a client. Its keys begin with the prefix.
type redisCheck func(ctx context.Context, c *redis.Client, prefix string) error

func openRedis(h harness, addr string, options ...func(*redis.Options)) *redis.Client {
	o := &redis.Options{
		Addr: addr, Dialer: h.DialContext, ContextTimeoutEnabled: true, MaxRetries: -1,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
	}
	for _, set := range options {
		set(o)
	}
	return redis.NewClient(o)
}

// redisBody runs client in a body. The library dials in goroutines of its own, for which it waits.
func redisBody(t *testing.T, h harness, addr string, client redisCheck) {
	prefix := t.Name() + ":"
	c := openRedis(h, addr)
	h.Go("client", func(ctx context.Context) error {
		return h.Blocking(ctx, func() error { return errors.Join(client(ctx, c, prefix), c.Close()) })
	})
}

func redisExchange(ctx context.Context, c *redis.Client, key string, n int, seed uint64) error {
	want := payload(n, seed)
	if err := c.Set(ctx, key, want, 0).Err(); err != nil {
		return err
	}
	got, err := c.Get(ctx, key).Bytes()
	return errors.Join(err, same(key, got, want))
}

func redisPayload(ctx context.Context, c *redis.Client, prefix string) error {
	for i, n := range []int{0, 1, 4096, 1 << 16, 1<<20 + 1} {
		if err := redisExchange(ctx, c, prefix+"key", n, uint64(i)); err != nil {
			return err
		}
	}
	return c.Del(ctx, prefix+"key").Err()
}

func redisPipeline(ctx context.Context, c *redis.Client, prefix string) error {
	const commands = 5000
	p := c.Pipeline()
	for range commands {
		p.Incr(ctx, prefix+"counter")
	}
	results, err := p.Exec(ctx)
	if err != nil {
		return err
	}
	for i, r := range results {
		if got := r.(*redis.IntCmd).Val(); got != int64(i+1) {
			return fmt.Errorf("command %d: got %d", i, got)
		}
	}
	return c.Del(ctx, prefix+"counter").Err()
}

func redisMany(ctx context.Context, c *redis.Client, prefix string) error {
	return together(50, func(i int) error {
		key := fmt.Sprint(prefix, i)
		for j := range 20 {
			if err := redisExchange(ctx, c, key, 1000+j, uint64(i)); err != nil {
				return err
			}
		}
		return c.Del(ctx, key).Err()
	})
}

func redisLarge(ctx context.Context, c *redis.Client, prefix string) error {
	return errors.Join(redisExchange(ctx, c, prefix+"large", 32<<20, 1), c.Del(ctx, prefix+"large").Err())
}

func redisPublish(ctx context.Context, c *redis.Client, prefix string) error {
	const messages = 1000
	s := c.Subscribe(ctx, prefix+"channel")
	if _, err := s.Receive(ctx); err != nil { // the confirmation
		return err
	}
	published := make(chan error, 1)
	go func() {
		for i := range messages {
			if err := c.Publish(ctx, prefix+"channel", fmt.Sprint(i)).Err(); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	for i := range messages {
		m, err := s.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		if want := fmt.Sprint(i); m.Payload != want {
			return fmt.Errorf("got message %q, want %q", m.Payload, want)
		}
	}
	return errors.Join(<-published, s.Close())
}

// redisDeadline waits for an item that does not come.
func redisDeadline(ctx context.Context, c *redis.Client, prefix string) error {
	late, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	err := c.BLPop(late, 0, prefix+"list").Err()
	return errors.Join(mustTimeOut("BLPop", err), redisExchange(ctx, c, prefix+"after", 10, 1))
}

// redisCancel cancels before a command, and lets another client end a command that waits.
func redisCancel(ctx context.Context, c *redis.Client, prefix string) error {
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := mustBe("Get", c.Get(canceled, prefix+"key").Err(), context.Canceled); err != nil {
		return err
	}
	id := make(chan int64, 1)
	ended := make(chan error, 1)
	go func() {
		waiting := c.Conn()
		defer waiting.Close()
		n, err := waiting.ClientID(ctx).Result()
		if err != nil {
			ended <- err
			return
		}
		id <- n
		ended <- waiting.BLPop(ctx, 0, prefix+"list").Err()
	}()
	select {
	case err := <-ended:
		return err
	case n := <-id:
		if err := redisWaits(ctx, c, n); err != nil {
			return err
		}
		if err := c.ClientKillByFilter(ctx, "ID", fmt.Sprint(n)).Err(); err != nil {
			return err
		}
		if err := <-ended; err == nil {
			return errors.New("a command on a connection that the server has ended: no error")
		}
		return redisExchange(ctx, c, prefix+"after", 10, 1)
	}
}

// redisWaits returns once client id waits in BLPOP. It asks again and again.
func redisWaits(ctx context.Context, c *redis.Client, id int64) error {
	for {
		list, err := c.ClientList(ctx).Result()
		if err != nil {
			return err
		}
		for line := range strings.Lines(list) {
			if strings.HasPrefix(line, fmt.Sprintf("id=%d ", id)) && strings.Contains(line, " cmd=blpop ") {
				return nil
			}
		}
	}
}

// redisWarm has a pool of one connection. A goroutine of the library has dialed it. The body itself
// uses it.
func redisWarm(t *testing.T, h harness, addr string) {
	prefix := t.Name() + ":"
	c := openRedis(h, addr, func(o *redis.Options) { o.PoolSize = 1 })
	h.Go("client", func(ctx context.Context) error {
		if err := h.Blocking(ctx, func() error { return c.Ping(ctx).Err() }); err != nil {
			return err
		}
		for i := range 100 {
			if err := redisExchange(ctx, c, prefix+"key", 10_000+i, uint64(i)); err != nil {
				return err
			}
		}
		return errors.Join(c.Del(ctx, prefix+"key").Err(), c.Close())
	})
}
