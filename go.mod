module github.com/edgewise-go/edgewise

go 1.26.0

require github.com/magefile/mage v1.17.2

tool github.com/magefile/mage
