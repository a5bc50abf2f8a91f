package streamtest

import (
	"flag"
	"os"
	"testing"
)

// atOnce is how many parallel tests run at a time, unless the command line says: they wait more
// than they work.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
