package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/edgewise-go/edgewise/resolve"
)

// Code written for package net finds a net.DNSError in the error. Code written for this package
// compares the cause.
func ExampleError() {
	strategy := resolve.NewBlocking(func(context.Context, resolve.Question) (resolve.Answer, error) {
		return resolve.Answer{}, resolve.ErrNoData
	})
	defer strategy.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	_, err = resolve.Wait(context.Background(), strategy, question)
	fmt.Println(errors.Is(err, resolve.ErrNoData), errors.Is(err, resolve.ErrNotFound))
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		fmt.Println(dns.IsNotFound, dns.IsTimeout)
	}
	// Output:
	// true false
	// true false
}
