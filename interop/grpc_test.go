package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestGRPC(t *testing.T) {
	runForms(t,
		check{"payload", grpcPayload},
		check{"many", grpcMany},
		check{"large", grpcLarge},
		check{"tls", grpcTLS},
		check{"stream half-close", grpcHalfClose},
		check{"deadline", grpcDeadline},
		check{"cancel", grpcCancel},
		check{"shutdown", grpcShutdown},
	)
}

// The service is written by hand, so that no generated code is needed. Its messages are bytes.
type (
	unary func(ctx context.Context, in []byte) ([]byte, error)
	serve func(s grpc.ServerStream) error

	service struct {
		unary  unary
		stream serve
	}
)

const (
	unaryMethod  = "/interop.Service/Unary"
	streamMethod = "/interop.Service/Stream"
)

var serviceDesc = grpc.ServiceDesc{
	ServiceName: "interop.Service",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.BytesValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		out, err := srv.(service).unary(ctx, in.Value)
		return wrapperspb.Bytes(out), err
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, ClientStreams: true, Handler: func(srv any, s grpc.ServerStream) error {
		return srv.(service).stream(s)
	}}},
}

const grpcMessageMax = 64 << 20

// rpc is a server of the harness with a client.
type rpc struct {
	server *grpc.Server
	client *grpc.ClientConn
}

func openRPC(t *testing.T, h harness, s service, server, client credentials.TransportCredentials) *rpc {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	r := &rpc{server: grpc.NewServer(grpc.Creds(server), grpc.MaxRecvMsgSize(grpcMessageMax))}
	r.server.RegisterService(&serviceDesc, s)
	r.client, err = grpc.NewClient("passthrough:///"+l.Addr().String(),
		grpc.WithTransportCredentials(client),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(grpcMessageMax)),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return h.DialContext(ctx, "tcp", address)
		}))
	if err != nil {
		t.Fatal(err)
	}
	// Serve waits for the goroutines of its connections when it ends.
	h.Go("serve", blocking(h, func() error { return r.server.Serve(l) }))
	return r
}

func openPlainRPC(t *testing.T, h harness, s service) *rpc {
	return openRPC(t, h, s, insecure.NewCredentials(), insecure.NewCredentials())
}

func (r *rpc) end() error {
	err := r.client.Close()
	r.server.GracefulStop()
	return err
}

func (r *rpc) unary(ctx context.Context, in []byte) ([]byte, error) {
	out := new(wrapperspb.BytesValue)
	err := r.client.Invoke(ctx, unaryMethod, wrapperspb.Bytes(in), out)
	return out.Value, err
}

func (r *rpc) open(ctx context.Context) (grpc.ClientStream, error) {
	return r.client.NewStream(ctx, &serviceDesc.Streams[0], streamMethod)
}

func receive(s interface{ RecvMsg(any) error }) ([]byte, error) {
	m := new(wrapperspb.BytesValue)
	err := s.RecvMsg(m)
	return m.Value, err
}

func unaryEcho(_ context.Context, in []byte) ([]byte, error) { return in, nil }

// exchange sends n bytes and expects them back.
func (r *rpc) exchange(n int, seed uint64) error {
	want := payload(n, seed)
	got, err := r.unary(context.Background(), want)
	return errors.Join(err, same("echo", got, want))
}

func grpcPayload(t *testing.T, h harness) {
	r := openPlainRPC(t, h, service{unary: unaryEcho})
	h.Go("client", blocking(h, func() error {
		for i, n := range []int{0, 1, 4096, 1 << 16, 1<<20 + 1} {
			if err := r.exchange(n, uint64(i)); err != nil {
				return err
			}
		}
		return r.end()
	}))
}

func grpcMany(t *testing.T, h harness) {
	r := openPlainRPC(t, h, service{unary: unaryEcho})
	h.Go("clients", blocking(h, func() error {
		err := together(200, func(i int) error { return r.exchange(2000+i, uint64(i)) })
		return errors.Join(err, r.end())
	}))
}

func grpcLarge(t *testing.T, h harness) {
	r := openPlainRPC(t, h, service{unary: unaryEcho})
	h.Go("client", blocking(h, func() error { return errors.Join(r.exchange(16<<20, 9), r.end()) }))
}

func grpcTLS(t *testing.T, h harness) {
	server, client := newTLS(t)
	r := openRPC(t, h, service{unary: unaryEcho}, credentials.NewTLS(server), credentials.NewTLS(client))
	h.Go("client", blocking(h, func() error {
		err := together(20, func(i int) error { return r.exchange(100_000, uint64(i)) })
		return errors.Join(err, r.end())
	}))
}

// grpcHalfClose ends the stream to the server, which answers afterwards.
func grpcHalfClose(t *testing.T, h harness) {
	const messages = 100
	r := openPlainRPC(t, h, service{stream: func(s grpc.ServerStream) error {
		var all []byte
		for {
			m, err := receive(s)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			all = append(all, m...)
		}
		return s.SendMsg(wrapperspb.Bytes(all))
	}})
	h.Go("client", blocking(h, func() error {
		s, err := r.open(context.Background())
		if err != nil {
			return err
		}
		var want []byte
		for i := range messages {
			m := payload(10_000, uint64(i))
			want = append(want, m...)
			if err := s.SendMsg(wrapperspb.Bytes(m)); err != nil {
				return err
			}
		}
		if err := s.CloseSend(); err != nil {
			return err
		}
		got, err := receive(s)
		if err := errors.Join(err, same("answer", got, want)); err != nil {
			return err
		}
		_, err = receive(s)
		return errors.Join(mustBe("end of the stream", err, io.EOF), r.end())
	}))
}

// mustCode returns an error unless err has the code of gRPC.
func mustCode(what string, err error, code codes.Code) error {
	if status.Code(err) == code {
		return nil
	}
	return fmt.Errorf("%s: got error %v, want code %v", what, err, code)
}

func grpcDeadline(t *testing.T, h harness) {
	r := openPlainRPC(t, h, service{unary: func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	h.Go("client", blocking(h, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), short)
		defer cancel()
		_, err := r.unary(ctx, nil)
		return errors.Join(mustCode("call", err, codes.DeadlineExceeded), r.end())
	}))
}

// grpcCancel cancels a stream after its first message. Both ends notice.
func grpcCancel(t *testing.T, h harness) {
	noticed := make(chan error, 1)
	r := openPlainRPC(t, h, service{stream: func(s grpc.ServerStream) error {
		if err := s.SendMsg(wrapperspb.Bytes([]byte("begin"))); err != nil {
			return err
		}
		_, err := receive(s)
		noticed <- err
		return err
	}})
	h.Go("client", blocking(h, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		s, err := r.open(ctx)
		if err != nil {
			return err
		}
		begin, err := receive(s)
		if err := errors.Join(err, same("begin", begin, []byte("begin"))); err != nil {
			return err
		}
		cancel()
		_, err = receive(s)
		return errors.Join(mustCode("client", err, codes.Canceled), mustCode("server", <-noticed, codes.Canceled), r.end())
	}))
}

// grpcShutdown stops the server while a call runs. The call is answered first.
func grpcShutdown(t *testing.T, h harness) {
	began, ending := make(chan struct{}), make(chan struct{})
	r := openPlainRPC(t, h, service{unary: func(_ context.Context, in []byte) ([]byte, error) {
		close(began)
		<-ending
		return in, nil
	}})
	h.Go("client", blocking(h, func() error {
		answered, stopped := make(chan error, 1), make(chan struct{})
		go func() { answered <- r.exchange(1000, 1) }()
		select {
		case <-began:
		case err := <-answered:
			return fmt.Errorf("the call ended before it was answered: %w", err)
		}
		go func() {
			r.server.GracefulStop()
			close(stopped)
		}()
		// GracefulStop tells clients not to start new calls, and the client reports that.
		for s := r.client.GetState(); s.String() == "READY"; s = r.client.GetState() {
			r.client.WaitForStateChange(context.Background(), s)
		}
		close(ending)
		err := <-answered
		<-stopped
		return errors.Join(err, r.client.Close())
	}))
}
