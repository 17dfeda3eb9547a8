module example.invalid/kfpstore

go 1.20
