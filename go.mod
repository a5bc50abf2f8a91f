module github.com/edgewise-go/edgewise

go 1.26.0
