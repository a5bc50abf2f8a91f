module github.com/edgewise-go/edgewise/bufstrategy

go 1.26.0
