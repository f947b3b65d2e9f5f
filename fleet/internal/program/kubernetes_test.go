package program_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"
)

// TestTheKubernetesDeploymentStartsAWorker requires that the names and ports in
// kubernetes.yaml match each other, and that the program accepts the arguments in the
// file.
func TestTheKubernetesDeploymentStartsAWorker(t *testing.T) {
	text := deployed(t, "kubernetes.yaml")
	for _, problem := range problemsOfObjects(t, text) {
		t.Error(problem)
	}
	const disruptions = "minAvailable: 1\n  selector:\n    matchLabels:\n      app: "
	requireFound(t, text, []defect{
		{"/etc/fleet-ca/ca.crt\n", "/etc/fleet/ca.crt\n", "SSL_CERT_FILE is /etc/fleet/ca.crt"},
		{"create configmap fleet-ca", "create configmap ca", "no command creates the config map fleet-ca"},
		{"create secret generic fleet", "create secret generic x", "no command creates the secret fleet"},
		{"=ca.crt=", "=bundle.crt=", "no command creates the file ca.crt"},
		{"            name: fleet-ca\n", "            name: other\n", "the config map other"},
		{"- name: ca\n              mountPath", "- name: cab\n              mountPath", "no volume cab"},
		{"containerPort: 9090", "containerPort: 9091", "the metrics are on port 9090"},
		{`port: "9090"`, `port: "9091"`, "Prometheus reads port 9091"},
		{"port: metrics", "port: web", "the probe uses the port web"},
		{disruptions + "fleet-worker", disruptions + "worker", "PodDisruptionBudget selects"},
		{"replicas: 3", "replica: 3", "field replica not found"},
	}, func(changed string) []string { return problemsOfObjects(t, changed) })
}

func problemsOfObjects(t *testing.T, text string) (problems []string) {
	t.Helper()
	objects, err := strictly[object](text)
	if err != nil {
		return []string{err.Error()}
	}
	labels := objects[0].Spec.Template.Metadata.Labels
	for _, o := range objects {
		if !maps.Equal(o.Spec.Selector.MatchLabels, labels) || len(labels) == 0 {
			problems = append(problems, o.Kind+" selects pods without the workers' labels")
		}
	}
	template := objects[0].Spec.Template
	for _, constraint := range template.Spec.TopologySpreadConstraints {
		if !maps.Equal(constraint.LabelSelector.MatchLabels, labels) {
			problems = append(problems, "the spread constraint selects pods without the workers' labels")
		}
	}
	if len(template.Spec.Containers) != 1 {
		return append(problems, "there must be exactly one container")
	}
	c := template.Spec.Containers[0]
	problems = append(problems, problemsOfPorts(t, template.Metadata, c)...)
	return append(problems, problemsOfFiles(t, text, template.Spec, c)...)
}

func problemsOfPorts(t *testing.T, m meta, c container) (problems []string) {
	t.Helper()
	port := strconv.Itoa(int(portOf(t, c.Args)))
	if len(c.Ports) != 1 || strconv.Itoa(c.Ports[0].ContainerPort) != port {
		return []string{"the metrics are on port " + port + ", not on the port of the container"}
	}
	if read := m.Annotations["prometheus.io/port"]; read != port {
		problems = append(problems, "Prometheus reads port "+read)
	}
	if probed := c.LivenessProbe.TCPSocket.Port; probed != c.Ports[0].Name {
		problems = append(problems, "the probe uses the port "+probed)
	}
	return problems
}

// problemsOfFiles checks secrets, variables and mounted files. A comment in the YAML file
// contains the commands that create the secret and the config map.
func problemsOfFiles(t *testing.T, text string, p pod, c container) (problems []string) {
	t.Helper()
	for _, from := range c.EnvFrom {
		if !strings.Contains(text, "create secret generic "+from.SecretRef.Name+" ") {
			problems = append(problems, "no command creates the secret "+from.SecretRef.Name)
		}
	}
	mounted := map[string]string{} // the mount path of each volume
	for _, mount := range c.VolumeMounts {
		mounted[mount.Name] = mount.MountPath
	}
	for _, volume := range p.Volumes {
		if !strings.Contains(text, "create configmap "+volume.ConfigMap.Name+" ") {
			problems = append(problems, "no command creates the config map "+volume.ConfigMap.Name)
		}
		for _, variable := range c.Env {
			checkVariable(t, variable.Name)
			if variable.Name != "SSL_CERT_FILE" {
				continue
			}
			file, isBelow := strings.CutPrefix(variable.Value, mounted[volume.Name]+"/")
			if !isBelow {
				problems = append(problems, "SSL_CERT_FILE is "+variable.Value+", which is not mounted")
			}
			if !strings.Contains(text, "--from-file="+file+"=") {
				problems = append(problems, "no command creates the file "+file)
			}
		}
		delete(mounted, volume.Name)
	}
	for name := range mounted {
		problems = append(problems, "there is no volume "+name)
	}
	return problems
}

// object has every field that an object in kubernetes.yaml can have.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   meta   `yaml:"metadata"`
	Spec       struct {
		Replicas     int      `yaml:"replicas"`
		MinAvailable int      `yaml:"minAvailable"`
		Selector     selected `yaml:"selector"`
		Template     struct {
			Metadata meta `yaml:"metadata"`
			Spec     pod  `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

type meta struct {
	Name        string            `yaml:"name"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

type selected struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

type pod struct {
	AutomountServiceAccountToken  bool           `yaml:"automountServiceAccountToken"`
	TerminationGracePeriodSeconds int            `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               map[string]any `yaml:"securityContext"`
	TopologySpreadConstraints     []struct {
		MaxSkew           int      `yaml:"maxSkew"`
		TopologyKey       string   `yaml:"topologyKey"`
		WhenUnsatisfiable string   `yaml:"whenUnsatisfiable"`
		LabelSelector     selected `yaml:"labelSelector"`
	} `yaml:"topologySpreadConstraints"`
	Containers []container `yaml:"containers"`
	Volumes    []struct {
		Name      string `yaml:"name"`
		ConfigMap struct {
			Name string `yaml:"name"`
		} `yaml:"configMap"`
	} `yaml:"volumes"`
}

type container struct {
	Name    string   `yaml:"name"`
	Image   string   `yaml:"image"`
	Args    []string `yaml:"args"`
	EnvFrom []struct {
		SecretRef struct {
			Name string `yaml:"name"`
		} `yaml:"secretRef"`
	} `yaml:"envFrom"`
	Env []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	VolumeMounts []struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
	Ports []struct {
		Name          string `yaml:"name"`
		ContainerPort int    `yaml:"containerPort"`
	} `yaml:"ports"`
	LivenessProbe struct {
		TCPSocket struct {
			Port string `yaml:"port"`
		} `yaml:"tcpSocket"`
		PeriodSeconds int `yaml:"periodSeconds"`
	} `yaml:"livenessProbe"`
	Resources       map[string]map[string]string `yaml:"resources"`
	SecurityContext map[string]any               `yaml:"securityContext"`
}
