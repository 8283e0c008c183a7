package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"time"
)

// getMany sends count GET requests over some connections and returns how long
// they took. It speaks just enough HTTP to cost less than the server.
func getMany(ctx context.Context, base, path string, count, connections int, headers ...string) (time.Duration, error) {
	host := strings.TrimPrefix(base, "http://")
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n")
	failures := make([]error, connections)
	var running sync.WaitGroup
	began := time.Now()
	for i := range connections {
		running.Go(func() {
			failures[i] = getSome(ctx, host, request, count/connections)
		})
	}
	running.Wait()
	return time.Since(began), errors.Join(failures...)
}

func getSome(ctx context.Context, host string, request []byte, count int) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i := range count {
		if i%256 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := conn.SetDeadline(time.Now().Add(requestWithin)); err != nil {
				return err
			}
		}
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := skipAnswer(in); err != nil {
			return err
		}
	}
	return nil
}

// skipAnswer reads an answer with status 200 whose end is told, by its length or in chunks.
func skipAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("got %q, want status 200", status)
	}
	length, chunked := -1, false
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if text, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(text)); err != nil {
				return err
			}
		}
		chunked = chunked || string(line) == "Transfer-Encoding: chunked"
	}
	if chunked {
		if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(in)); err != nil {
			return err
		}
		_, err = in.Discard(len("\r\n")) // there are no trailers
		return err
	}
	if length < 0 || length > maxAnswer {
		return errors.New("the answer has no usable Content-Length")
	}
	_, err = in.Discard(length)
	return err
}
