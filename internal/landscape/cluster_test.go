package landscape_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/internal/freeport"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

const examples = "../../docs/examples"

// What the example manifests use of the Kubernetes API, by its own field names: a
// field that is not there does not pass.
type (
	meta struct {
		Name      string            `yaml:"name"`
		Namespace string            `yaml:"namespace"`
		Labels    map[string]string `yaml:"labels"`
	}
	object struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   meta   `yaml:"metadata"`
	}
	service struct {
		object `yaml:",inline"`
		Spec   struct {
			Type         string            `yaml:"type"`
			ExternalName string            `yaml:"externalName"`
			Selector     map[string]string `yaml:"selector"`
			Ports        []struct {
				Name       string `yaml:"name"`
				Port       int    `yaml:"port"`
				TargetPort string `yaml:"targetPort"`
			} `yaml:"ports"`
		} `yaml:"spec"`
	}
	endpointSlice struct {
		object      `yaml:",inline"`
		AddressType string `yaml:"addressType"`
		Ports       []struct {
			Name     string `yaml:"name"`
			Port     int    `yaml:"port"`
			Protocol string `yaml:"protocol"`
		} `yaml:"ports"`
		Endpoints []struct {
			Addresses []string `yaml:"addresses"`
		} `yaml:"endpoints"`
	}
	container struct {
		Name  string   `yaml:"name"`
		Image string   `yaml:"image"`
		Args  []string `yaml:"args"`
		Ports []struct {
			Name          string `yaml:"name"`
			ContainerPort int    `yaml:"containerPort"`
		} `yaml:"ports"`
		ReadinessProbe struct {
			HTTPGet struct {
				Path string `yaml:"path"`
				Port string `yaml:"port"`
			} `yaml:"httpGet"`
		} `yaml:"readinessProbe"`
		VolumeMounts []struct {
			Name      string `yaml:"name"`
			MountPath string `yaml:"mountPath"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
	podTemplate struct {
		Metadata meta `yaml:"metadata"`
		Spec     struct {
			RestartPolicy string      `yaml:"restartPolicy"`
			Containers    []container `yaml:"containers"`
			Volumes       []struct {
				Name      string `yaml:"name"`
				ConfigMap struct {
					Name string `yaml:"name"`
				} `yaml:"configMap"`
			} `yaml:"volumes"`
		} `yaml:"spec"`
	}
	deployment struct {
		object `yaml:",inline"`
		Spec   struct {
			Replicas int `yaml:"replicas"`
			Selector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			} `yaml:"selector"`
			Template podTemplate `yaml:"template"`
		} `yaml:"spec"`
	}
	job struct {
		object `yaml:",inline"`
		Spec   struct {
			BackoffLimit int         `yaml:"backoffLimit"`
			Template     podTemplate `yaml:"template"`
		} `yaml:"spec"`
	}
)

// kinds are what a manifest may be, with the version that the API server has it in.
var kinds = map[string]func() any{
	"v1 Namespace":                      func() any { return &object{} },
	"v1 Service":                        func() any { return &service{} },
	"apps/v1 Deployment":                func() any { return &deployment{} },
	"batch/v1 Job":                      func() any { return &job{} },
	"discovery.k8s.io/v1 EndpointSlice": func() any { return &endpointSlice{} },
}

// manifests reads a file of them, strictly.
func manifests(t *testing.T, name string) (list []any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, "kyma", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head object
		if err := yaml.Unmarshal(document, &head); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		of := kinds[head.APIVersion+" "+head.Kind]
		if of == nil || head.Metadata.Name == "" {
			t.Fatalf("%s: got %+v, want an object of a kind that there is", name, head)
		}
		one := of()
		decoder := yaml.NewDecoder(bytes.NewReader(document))
		decoder.KnownFields(true)
		if err := decoder.Decode(one); err != nil {
			t.Fatalf("%s: %s %s: %v", name, head.Kind, head.Metadata.Name, err)
		}
		list = append(list, one)
	}
	return list
}

func find[T any](t *testing.T, in string, list []any) *T {
	t.Helper()
	for _, one := range list {
		if found, ok := one.(*T); ok {
			return found
		}
	}
	t.Fatalf("%s holds no %T", in, *new(T))
	return nil
}

// TestClusterManifests follows the way of a workload's call through the manifests to
// pairsim, and makes the call.
func TestClusterManifests(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(examples, "kyma"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".yaml") {
			manifests(t, e.Name())
		}
	}
	inside := manifests(t, "pairsim.yaml")
	pairsim, pods := find[service](t, "pairsim.yaml", inside), find[deployment](t, "pairsim.yaml", inside)
	pod := pods.Spec.Template
	for key, value := range pairsim.Spec.Selector {
		if pod.Metadata.Labels[key] != value || pods.Spec.Selector.MatchLabels[key] != value {
			t.Errorf("the Service selects %s=%s, which no pod has", key, value)
		}
	}
	const http8080 = "http"
	leads := func(s *service, port int, to string) {
		t.Helper()
		for _, p := range s.Spec.Ports {
			if p.Port == port {
				if p.TargetPort != to {
					t.Errorf("%s: port %d leads to %s, want %s", s.Metadata.Name, port, p.TargetPort, to)
				}
				return
			}
		}
		t.Errorf("%s has no port %d", s.Metadata.Name, port)
	}
	leads(pairsim, 8080, http8080)
	leads(pairsim, 8082, http8080)
	if p := pod.Spec.Containers[0].Ports[0]; p.Name != http8080 || p.ContainerPort != 8080 {
		t.Errorf("got the container port %+v", p)
	}
	name := find[service](t, "gateway.yaml", manifests(t, "gateway.yaml"))
	if got, want := name.Spec.ExternalName, pairsim.Metadata.Name+"."+pairsim.Metadata.Namespace+".svc.cluster.local"; name.Spec.Type != "ExternalName" || got != want {
		t.Errorf("the gateway's name leads to %s %q, want the ExternalName %q", name.Spec.Type, got, want)
	}
	outside := manifests(t, "gateway-outside.yaml")
	byAddress, slice := find[service](t, "gateway-outside.yaml", outside), find[endpointSlice](t, "gateway-outside.yaml", outside)
	leads(byAddress, 8080, "8080")
	leads(byAddress, 8082, "8080")
	if slice.Metadata.Labels["kubernetes.io/service-name"] != byAddress.Metadata.Name || len(slice.Ports) != len(byAddress.Spec.Ports) {
		t.Errorf("the EndpointSlice %+v is none of the Service %s", slice, byAddress.Metadata.Name)
	}
	for i, p := range slice.Ports {
		if p.Name != byAddress.Spec.Ports[i].Name || p.Port != 8080 {
			t.Errorf("got the endpoint's port %+v", p)
		}
	}

	args := find[job](t, "workload.yaml", manifests(t, "workload.yaml")).Spec.Template.Spec.Containers[0].Args
	called, err := url.Parse(args[len(args)-1])
	if err != nil || called.Hostname() != name.Metadata.Name+"."+name.Metadata.Namespace {
		t.Fatalf("the workload calls %q, want the gateway by the name of the Service", args)
	}
	base := clusterLandscape(t)
	if status, body := asWorkload(t, base, called.String()); status != http.StatusOK || !strings.Contains(body, `"ok"`) {
		t.Errorf("the workload gets %d %s, want the API's answer", status, body)
	}
}

// clusterLandscape serves the seed file of the gateway, whose target is the server
// itself, at a free port.
func clusterLandscape(t *testing.T) (base string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, "seeds", "gateway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	address := freeport.Address(t)
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = address, landscape.Off, landscape.Off
	if err := seed.Configure(bytes.ReplaceAll(text, []byte("127.0.0.1:8080"), []byte(address)), "", &cfg); err != nil {
		t.Fatal(err)
	}
	l, err := landscape.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return address
}

// asWorkload makes a call to the gateway by its name, which leads to address.
func asWorkload(t *testing.T, address, target string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}}
	defer client.CloseIdleConnections()
	res, err := client.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestGatewayByItsNameInACluster: host and port say which form of address it is.
func TestGatewayByItsNameInACluster(t *testing.T) {
	base := clusterLandscape(t)
	const gateway = "http://central-application-gateway.kyma-system"
	for _, test := range []struct {
		target string
		want   int
	}{
		{gateway + ":8080/mp-web-shop/health-of-pairsim", 200},
		{gateway + ".svc.cluster.local:8080/mp-web-shop/health-of-pairsim", 200},
		{gateway + ":8082/mp-web-shop/health-of-pairsim/health-of-pairsim", 200},
		{gateway + ":8082/mp-web-shop/health-of-pairsim", 400}, // names no entry
		{gateway + ":8080/mp-web-shop", 400},
		{gateway + ":8080/healthz", 400}, // it is the gateway's alone
		{gateway + ":8080/mp-nobody/orders", 404},
		{gateway + ":8081/mp-web-shop/health-of-pairsim", 404}, // no port of the gateway
		{"http://other.kyma-system:8080/mp-web-shop/health-of-pairsim", 404},
		{"http://other.kyma-system:8080/gateway/mp-web-shop/health-of-pairsim", 200},
	} {
		if got, body := asWorkload(t, base, test.target); got != test.want {
			t.Errorf("%s: got %d %s, want %d", test.target, got, body, test.want)
		}
	}
}
