package streamtest

func shortReadMutants() []mutant {
	return []mutant{
		broken("a short read of anything but TCP is the last", last(urgentRoom, func(n string) bool { return n != "tcp" }), "urgent/short-reads"),
	}
}
