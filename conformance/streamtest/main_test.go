package streamtest

import (
	"flag"
	"os"
	"testing"
)

// atOnce is how many parallel tests run at once, unless the command line sets it: the tests wait
// more than they compute.
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
