module github.com/edgewise-go/edgewise/resolve

go 1.26.0
