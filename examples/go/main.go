// SPDX-License-Identifier: Apache-2.0

// The life of one pipeline run with libkfpstore from Go: open, create a run's tasks, finish them with propagation, list
// pages, hydrate. The library is found by pkg-config:
//
//	kfp-migrate schema upgrade --standalone --target sqlite:///tmp/kfp.db
//	go run . sqlite:///tmp/kfp.db
package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const spec = `{"pipelineInfo":{"name":"example"},"schemaVersion":"2.1.0",
 "root":{"dag":{"tasks":{"loop":{"componentRef":{"name":"comp-loop"},"taskInfo":{"name":"loop"},
   "parameterIterator":{"itemInput":"item","items":{"raw":"[1,2,3]"}}}}}},
 "components":{"comp-loop":{"dag":{"tasks":{"train":{"componentRef":{"name":"comp-train"},"taskInfo":{"name":"train"}}}}},
   "comp-train":{"executorLabel":"exec-train"}}}`

func run(dsn string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	store, err := Open(dsn)
	if err != nil {
		return err
	}
	defer store.Close()
	session, err := store.Session("team-a")
	if err != nil {
		return err
	}
	defer session.Close()
	// a context that ends interrupts the call that runs
	stop := session.InterruptWith(ctx)
	defer stop()

	runID := fmt.Sprintf("example-go-%d", time.Now().UnixNano())
	if err := session.CreateRun(runID, "team-a", spec); err != nil {
		return err
	}
	root, err := session.CreateTask(Task{Run: runID, Name: "root", Scope: "root", Type: Root})
	if err != nil {
		return err
	}
	loop, err := session.CreateTask(Task{Run: runID, Name: "loop", Scope: "root.loop", Parent: root, Type: Loop,
		Attributes: `{"iterationCount":"3"}`})
	if err != nil {
		return err
	}
	for i := 0; i < 3; i++ {
		task, err := session.CreateTask(Task{Run: runID, Name: "train", Scope: "root.loop.train", Parent: loop, Type: Runtime,
			Attributes: fmt.Sprintf(`{"iterationIndex":"%d"}`, i)})
		if err != nil {
			return err
		}
		if err := session.CreateMetric(runID, task, "accuracy", 0.9+float64(i)/100, i); err != nil {
			return err
		}
		// the third one ends the loop, and the loop ends the root
		if err := session.Succeed(task); err != nil {
			return err
		}
	}
	names, err := session.ArtifactNames("team-a", 2)
	if err != nil {
		return err
	}
	fmt.Printf("%d artifacts in pages of 2\n", len(names))
	return session.PrintTasks(runID)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: example DSN")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
