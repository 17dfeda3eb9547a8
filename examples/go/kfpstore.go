// SPDX-License-Identifier: Apache-2.0

package main

// #cgo pkg-config: kfpstore
// #include <stdlib.h>
// #include <kfpstore.h>
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"
)

// Types of tasks.
const (
	Root    = C.KFPS_TASK_ROOT
	Runtime = C.KFPS_TASK_RUNTIME
	Loop    = C.KFPS_TASK_LOOP
)

// Error is what a call of the library came to.
type Error struct {
	Code    int
	Element int // of a batch, -1: none
	Message string
}

func (e *Error) Error() string {
	return C.GoString(C.kfps_status_name(C.int32_t(e.Code))) + ": " + e.Message
}

func check(status C.kfps_status, e *C.kfps_error) error {
	if status == C.KFPS_OK {
		return nil
	}
	return &Error{int(status), int(e.element), C.GoString(&e.message[0])}
}

// words are C strings for the time of one call.
type words struct{ all []unsafe.Pointer }

func (w *words) c(s string) *C.char {
	p := C.CString(s)
	w.all = append(w.all, unsafe.Pointer(p))
	return p
}

func (w *words) free() {
	for _, p := range w.all {
		C.free(p)
	}
}

// Store is one database; any number of goroutines may use it, each with a session of its own.
type Store struct{ c *C.kfps_store }

// Session is one caller's way through the store.
type Session struct{ c *C.kfps_session }

// Open connects; the schema must be there (kfp-migrate schema upgrade).
func Open(dsn string) (*Store, error) {
	var w words
	defer w.free()
	var e C.kfps_error
	var s Store
	return &s, check(C.kfps_store_open(w.c(dsn), nil, &s.c, &e), &e)
}

func (s *Store) Close() { C.kfps_store_close(s.c) }

// Session works in one namespace.
func (s *Store) Session(namespace string) (*Session, error) {
	var w words
	defer w.free()
	var e C.kfps_error
	var r Session
	o := (*C.kfps_session_options)(C.calloc(1, C.sizeof_kfps_session_options))
	defer C.free(unsafe.Pointer(o))
	C.kfps_session_options_init(o)
	o.session_namespace = w.c(namespace)
	return &r, check(C.kfps_session_open(s.c, o, &r.c, &e), &e)
}

func (s *Session) Close() { C.kfps_session_close(s.c) }

// InterruptWith ends the running call when the context ends. Call the returned function before the session is closed.
func (s *Session) InterruptWith(ctx context.Context) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-ctx.Done():
			C.kfps_interrupt(s.c)
		case <-done:
		}
	}()
	return func() { close(done); <-gone }
}

// CreateRun writes the run's row and its shape in one transaction.
func (s *Session) CreateRun(run, namespace, spec string) error {
	var w words
	defer w.free()
	var e C.kfps_error
	var shape *C.char
	if err := check(C.kfps_run_shape_from_spec(w.c(spec), &shape, &e), &e); err != nil {
		return err
	}
	defer C.kfps_free(unsafe.Pointer(shape))
	if err := check(C.kfps_txn_begin(s.c, &e), &e); err != nil {
		return err
	}
	values := (*[2]C.kfps_value)(C.calloc(2, C.sizeof_kfps_value))
	defer C.free(unsafe.Pointer(values))
	for i, text := range []string{run, namespace} {
		values[i].kind = C.KFPS_VALUE_TEXT
		values[i].text_value = w.c(text)
	}
	err := check(C.kfps_txn_exec(s.c, w.c(`INSERT INTO "run_details" ("UUID","DisplayName","Name","Description",
"Namespace","ExperimentUUID","StorageState","ServiceAccount","PipelineId","PipelineName","CreatedAtInSec","Conditions",
"State","PipelineRuntimeManifest","WorkflowRuntimeManifest")
VALUES (?,'example','example','',?,'','AVAILABLE','','','example',1,'','RUNNING','','')`),
		&values[0], 2, nil, &e), &e)
	if err == nil {
		err = check(C.kfps_run_set_shape(s.c, w.c(run), shape, &e), &e)
	}
	if err != nil {
		C.kfps_txn_rollback(s.c)
		return err
	}
	return check(C.kfps_txn_commit(s.c, &e), &e)
}

// Task is what CreateTask needs to know.
type Task struct {
	Run, Name, Scope, Parent, Attributes string
	Type                                 int32
}

// CreateTask gives the task's UUID; repeated, it gives that of the task that is there.
func (s *Session) CreateTask(t Task) (string, error) {
	var w words
	defer w.free()
	var e C.kfps_error
	var list *C.kfps_task_list
	c := (*C.kfps_task)(C.calloc(1, C.sizeof_kfps_task))
	defer C.free(unsafe.Pointer(c))
	c.task_namespace = w.c("team-a")
	c.run_uuid = w.c(t.Run)
	c.fingerprint = w.c("")
	c.name = w.c(t.Name)
	c.display_name = c.name
	c.scope_path = w.c(t.Scope)
	c._type = C.int32_t(t.Type)
	c.state = C.KFPS_TASK_RUNNING
	if t.Parent != "" {
		c.parent_uuid = w.c(t.Parent)
	}
	if t.Attributes != "" {
		c.type_attributes_json = w.c(t.Attributes)
	}
	if err := check(C.kfps_task_create(s.c, c, 1, nil, &list, &e), &e); err != nil {
		return "", err
	}
	defer C.kfps_task_list_free(list)
	return C.GoString(list.items.task.uuid), nil
}

// CreateMetric creates a metric and links it to the task that made it.
func (s *Session) CreateMetric(run, task, name string, value float64, iteration int) error {
	var w words
	defer w.free()
	var e C.kfps_error
	a := (*C.kfps_artifact)(C.calloc(1, C.sizeof_kfps_artifact))
	defer C.free(unsafe.Pointer(a))
	a.artifact_namespace = w.c("team-a")
	a._type = C.KFPS_ARTIFACT_METRIC
	a.name = w.c(name)
	a.has_number_value = 1
	a.number_value = C.double(value)
	l := (*C.kfps_artifact_task)(C.calloc(1, C.sizeof_kfps_artifact_task))
	defer C.free(unsafe.Pointer(l))
	l.task_uuid = w.c(task)
	l.run_uuid = w.c(run)
	l.artifact_key = w.c(name)
	l._type = C.KFPS_IO_OUTPUT
	l.producer_json = w.c(fmt.Sprintf(`{"iteration":"%d","taskName":"train"}`, iteration))
	return check(C.kfps_artifact_create_with_links(s.c, a, l, 1, nil, nil, &e), &e)
}

// Succeed ends a task; what follows for its parents is done in the same transaction.
func (s *Session) Succeed(task string) error {
	var w words
	defer w.free()
	var e C.kfps_error
	c := (*C.kfps_task_change)(C.calloc(1, C.sizeof_kfps_task_change))
	defer C.free(unsafe.Pointer(c))
	c.uuid = w.c(task)
	c.state = C.KFPS_TASK_SUCCEEDED
	return check(C.kfps_task_update(s.c, c, 1, nil, nil, &e), &e)
}

// ArtifactNames walks all pages: one call into C for a page.
func (s *Session) ArtifactNames(namespace string, size int) ([]string, error) {
	var w words
	defer w.free()
	var e C.kfps_error
	var names []string
	scope := (*C.kfps_artifact_scope)(C.calloc(1, C.sizeof_kfps_artifact_scope))
	defer C.free(unsafe.Pointer(scope))
	page := (*C.kfps_page)(C.calloc(1, C.sizeof_kfps_page))
	defer C.free(unsafe.Pointer(page))
	scope.artifact_namespace = w.c(namespace)
	page.page_size = C.int32_t(size)
	for {
		var list *C.kfps_artifact_list
		if err := check(C.kfps_artifact_list_page(s.c, scope, page, &list, &e), &e); err != nil {
			return nil, err
		}
		for _, item := range unsafe.Slice(list.items, int(list.count)) {
			names = append(names, C.GoString(item.name))
		}
		token := C.GoString(list.next_page_token)
		C.kfps_artifact_list_free(list)
		if token == "" {
			return names, nil
		}
		page.page_token = w.c(token)
	}
}

// PrintTasks prints the run's tasks with the number of their artifacts.
func (s *Session) PrintTasks(run string) error {
	var w words
	defer w.free()
	var e C.kfps_error
	var list *C.kfps_task_list
	scope := (*C.kfps_task_scope)(C.calloc(1, C.sizeof_kfps_task_scope))
	defer C.free(unsafe.Pointer(scope))
	scope.run_uuid = w.c(run)
	if err := check(C.kfps_task_list_page(s.c, scope, C.KFPS_VIEW_FULL, nil, &list, &e), &e); err != nil {
		return err
	}
	defer C.kfps_task_list_free(list)
	for _, item := range unsafe.Slice(list.items, int(list.count)) {
		fmt.Printf("task %s: %s, %d in, %d out\n", C.GoString(item.task.name),
			C.GoString(C.kfps_task_state_name(item.task.state)), int(item.input_count), int(item.output_count))
	}
	runtime.KeepAlive(s)
	return nil
}
