//! What is wrong in own templates: file, line where it is known, and what to write instead.

use super::desk;

/// What is said of a template of the user's own, in place of a built-in where it has the name of one.
#[track_caller]
fn told(name: &str, file: &str, text: &str) -> String {
    let desk = desk(name);
    desk.write(&format!("templates/tenant/{file}.yaml.j2"), text);
    desk.refusal(&[
        "tenant",
        "add",
        "acme",
        "--dry-run",
        "--set",
        "values.secret=hunter2",
    ])
}

fn config_map(name: &str, namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"
    )
}

const NAMESPACE: &str = "{{ names.namespace }}";

#[test]
fn of_the_language() {
    let of = |text: &str| told("fault-language", "own", text);
    insta::assert_snapshot!(of("a: 1\n{% if tenant %}\nb: 2\n"), @"
    error: templates/tenant/own.yaml.j2:3: syntax error: unexpected end of input, expected end of block
      in `b: 2`
      hint: the language is Jinja's: {{ value }}, {% if … %} … {% endif %}, {% for … in … %} … {% endfor %}
    ");
    insta::assert_snapshot!(of("a: 1\nb: {{ spec.imgae }}\n"), @"
    error: templates/tenant/own.yaml.j2:2: undefined value: `spec.imgae` is undefined
      in `spec.imgae`
      hint: the variables are in the README.md that mcpctl template export DIR writes
    ");
    insta::assert_snapshot!(of("a: 1\n\nb: {{ tenant.name }}-cache\n"), @"
    error: templates/tenant/own.yaml.j2:3: an expression is part of a longer value
      b: {{ tenant.name }}-cache
      hint: one expression is one whole value: host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(of("a: {{ spec.values.secret | safe }}\n"), @"
    error: templates/tenant/own.yaml.j2:1: unknown filter: filter safe is unknown
      in `safe`
      hint: leave it out: an expression is printed as one whole value, whatever it holds; as JSON text it is {{ value | tojson }}
    ");
    insta::assert_snapshot!(of("a: {{ spec.values.secret }}\n b: 1\n"), @"
    error: templates/tenant/own.yaml.j2:2: mapping values are not allowed in this context, in line 2 of what it makes
      1 | a: {{ … }}
      2 |  b: 1
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
}

#[test]
fn of_the_yaml_around_values() {
    let of = |text: &str| told("fault-yaml", "own", text);
    let looped = "\
{# Lines that make none, or several. #}
{% macro two(name) %}
  {{ name }}: 1
 other: 2
{% endmacro %}
{%- if spec.replicas > 7 %}
a: 1
{% endif %}
apiVersion: v1
data:
{% for name in ['x', 'y'] %}
  {{ name }}: {{ 'a' ~ '%}' }}
{% endfor %}
{{ two('z') }}
";
    insta::assert_snapshot!(of(looped), @"
    error: templates/tenant/own.yaml.j2:4: while parsing a block mapping, did not find expected key, in line 6 of what it makes
      5 |   {{ … }}: 1
      6 |  other: 2
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(of("a:\n  - {{ spec.image }}\n\tb: 1\n"), @"
    error: templates/tenant/own.yaml.j2:2: while scanning a plain scalar, found a tab, in line 2 of what it makes
      1 | a:
      2 |   - {{ … }}
      3 | 	b: 1
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(of("a: 'b\nc: {{ spec.image }}\n"), @"
    error: templates/tenant/own.yaml.j2:1: unclosed quote, in line 1 of what it makes
      1 | a: 'b
      2 | c: {{ … }}
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(of("{% set more = true %}\n\na: 1\na: 2\n"), @"
    error: templates/tenant/own.yaml.j2:4: key `a` is given twice, in line 3 of what it makes
      2 | a: 1
      3 | a: 2
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
    // Where no text of the template is in the line, the value tells.
    insta::assert_snapshot!(of("{# … #}\na: 1\n{{ spec.image }}\n"), @"
    error: templates/tenant/own.yaml.j2:3: simple key expected ':', in line 2 of what it makes
      1 | a: 1
      2 | {{ … }}
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
}

#[test]
fn of_names_and_operators() {
    let of = |text: &str| told("fault-names", "own", text);
    insta::assert_snapshot!(of("a: {{ spec.image | uper }}\n"), @"
    error: templates/tenant/own.yaml.j2:1: unknown filter: filter uper is unknown
      in `uper`
      hint: filters, tests and functions are MiniJinja's: https://docs.rs/minijinja/latest/minijinja/
    ");
    insta::assert_snapshot!(of("a: {{ lookup('x') }}\n"), @"
    error: templates/tenant/own.yaml.j2:1: unknown function: lookup is unknown
      in `lookup('x')`
      hint: filters, tests and functions are MiniJinja's: https://docs.rs/minijinja/latest/minijinja/
    ");
    insta::assert_snapshot!(of("a: {{ tenant.name + 1 }}\n"), @"
    error: templates/tenant/own.yaml.j2:1: invalid operation: tried to use + operator on unsupported types string and number
      in `tenant.name + 1`
      hint: one expression is one whole value: host: {{ name ~ '.example.com' }}
    ");
}

#[test]
fn of_what_an_object_is() {
    let of = |text: &str| told("fault-object", "own", text);
    insta::assert_snapshot!(of("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n"), @"
    error: templates/tenant/own.yaml.j2: an object without metadata.name
      hint: an object has apiVersion, kind, metadata.name and metadata.namespace: {{ names.namespace }}
    ");
    let two = format!("{}---\nkind: ConfigMap\n", config_map("a", NAMESPACE));
    insta::assert_snapshot!(of(&two), @"
    error: templates/tenant/own.yaml.j2, object 2: an object without apiVersion
      hint: an object has apiVersion, kind, metadata.name and metadata.namespace: {{ names.namespace }}
    ");
    insta::assert_snapshot!(of(&config_map("a/b", NAMESPACE)), @"error: templates/tenant/own.yaml.j2: metadata.name `a/b` cannot be the name of a ConfigMap");
    insta::assert_snapshot!(of("apiVersion: a/b/c\nkind: A\nmetadata: {name: a}\n"), @"error: templates/tenant/own.yaml.j2: `a/b/c` is no apiVersion: v1 or group/v1");
    insta::assert_snapshot!(of("apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a}\n"), @"error: templates/tenant/own.yaml.j2: Deployment a is apiVersion apps/v1beta1; use apps/v1");
}

#[test]
fn of_its_place() {
    let of = |text: &str| told("fault-place", "own", text);
    insta::assert_snapshot!(of(&config_map("a", "kube-system")), @"
    error: templates/tenant/own.yaml.j2: ConfigMap kube-system/a lies outside the tenant's namespace mcp-acme
      hint: set metadata.namespace: {{ names.namespace }}
    ");
    insta::assert_snapshot!(of("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"), @"
    error: templates/tenant/own.yaml.j2: ConfigMap a lies outside the tenant's namespace mcp-acme
      hint: set metadata.namespace: {{ names.namespace }}
    ");
    insta::assert_snapshot!(of("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n"), @"
    error: templates/tenant/own.yaml.j2: Namespace a belongs to the whole cluster; a tenant's objects live in its namespace mcp-acme
      hint: what all tenants share goes into templates/platform/
    ");
    let class = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: a\n  namespace: {{ names.namespace }}\n";
    insta::assert_snapshot!(of(class), @"
    error: templates/tenant/own.yaml.j2: IngressClass mcp-acme/a belongs to the whole cluster; a tenant's objects live in its namespace mcp-acme
      hint: what all tenants share goes into templates/platform/
    ");
    insta::assert_snapshot!(of("apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\n"), @"
    error: templates/tenant/own.yaml.j2: Widget a lies outside the tenant's namespace mcp-acme
      hint: set metadata.namespace: {{ names.namespace }}
    ");
    let lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata:\n  name: mcpctl\n  namespace: {{ names.namespace }}\n";
    insta::assert_snapshot!(of(lease), @"error: templates/tenant/own.yaml.j2: Lease mcp-acme/mcpctl is mcpctl's own lock");
}

#[test]
fn of_two_objects() {
    let of = |text: &str| told("fault-two", "own", text);
    let map = config_map("a", NAMESPACE);
    insta::assert_snapshot!(of(&format!("{map}---\n{map}")), @"
    error: templates/tenant/own.yaml.j2, object 2: ConfigMap mcp-acme/a is made twice
      first by templates/tenant/own.yaml.j2, object 1
    ");
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: mcp-server\n  namespace: {{ names.namespace }}\n";
    insta::assert_snapshot!(of(service), @"
    error: templates/tenant/own.yaml.j2: Service mcp-acme/mcp-server is made twice
      first by tenant/service.yaml.j2
    ");
    let widget = |name: &str, version: &str| {
        format!(
            "apiVersion: example.com/{version}\nkind: Widget\nmetadata:\n  name: {name}\n  namespace: {NAMESPACE}\n"
        )
    };
    insta::assert_snapshot!(of(&format!("{}---\n{}", widget("a", "v1"), widget("b", "v2"))), @"
    error: templates/tenant/own.yaml.j2, object 2: Widget mcp-acme/b is apiVersion example.com/v2, and templates/tenant/own.yaml.j2, object 1 says example.com/v1
      hint: use one version of a kind
    ");
}

#[test]
fn of_what_a_tenant_cannot_do_without() {
    insta::assert_snapshot!(told("fault-namespace", "namespace", ""), @"
    error: templates/tenant/namespace.yaml.j2: no template makes Namespace mcp-acme
      a tenant cannot do without it
      hint: to see the built-in template: mcpctl template export DIR
    ");
    insta::assert_snapshot!(told("fault-account", "serviceaccount", ""), @"
    error: templates/tenant/serviceaccount.yaml.j2: no template makes ServiceAccount mcp-acme/mcp-server
      a tenant cannot do without it
      hint: to see the built-in template: mcpctl template export DIR
    ");
    insta::assert_snapshot!(told("fault-role", "role", ""), @"
    error: templates/tenant/role.yaml.j2: no template makes Role acme
      a tenant cannot do without it
      hint: to see the built-in template: mcpctl template export DIR
    ");
    insta::assert_snapshot!(told("fault-association", "association", ""), @"
    error: templates/tenant/association.yaml.j2: no template makes PodIdentityAssociation acme
      a tenant cannot do without it
      hint: to see the built-in template: mcpctl template export DIR
    ");
    let bare = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ names.namespace }}\n";
    insta::assert_snapshot!(told("fault-label", "namespace", bare), @"
    error: templates/tenant/namespace.yaml.j2: Namespace mcp-acme lacks the label mcpctl.dev/identity: required
      without it the cluster would let pods run with the node's role
      hint: to see the built-in template: mcpctl template export DIR
    ");
}

#[test]
fn of_the_account_that_pods_run_as() {
    let of = |kind: &str, spec: &str| {
        let metadata = "metadata:\n  name: a\n  namespace: {{ names.namespace }}\n";
        told(
            "fault-pods",
            "own",
            &format!("{kind}\n{metadata}spec: {spec}\n"),
        )
    };
    let job = of(
        "apiVersion: batch/v1\nkind: CronJob",
        "{schedule: 0 0 * * *, jobTemplate: {spec: {template: {spec: {serviceAccountName: other}}}}}",
    );
    insta::assert_snapshot!(job, @"
    error: templates/tenant/own.yaml.j2: CronJob mcp-acme/a: spec.jobTemplate.spec.template.spec.serviceAccountName must be `mcp-server`, which the tenant's role is bound to; it is `other`
      the cluster would refuse its pods
      hint: write serviceAccountName: {{ names.serviceAccount }}
    ");
    let pod = of("apiVersion: v1\nkind: Pod", "{containers: []}");
    insta::assert_snapshot!(pod, @"
    error: templates/tenant/own.yaml.j2: Pod mcp-acme/a: spec.serviceAccountName must be `mcp-server`, which the tenant's role is bound to; it is missing, which means `default`
      the cluster would refuse its pods
      hint: write serviceAccountName: {{ names.serviceAccount }}
    ");
    let kinds = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"];
    let kinds = kinds.map(|kind| format!("apiVersion: apps/v1\nkind: {kind}"));
    for kind in kinds
        .iter()
        .map(String::as_str)
        .chain(["apiVersion: batch/v1\nkind: Job"])
    {
        let said = of(kind, "{template: {spec: {serviceAccount: mcp-server}}}");
        let missing = "spec.template.spec.serviceAccountName must be `mcp-server`";
        assert!(said.contains(missing), "{said}");
    }
}

#[test]
fn of_the_half_in_aws() {
    let role = |name: &str, role: &str| {
        format!(
            "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Role\nmetadata:\n  name: {name}\n  namespace: {{{{ platformNamespace }}}}\nspec:\n  name: {role}\n  path: {{{{ names.rolePath }}}}\n"
        )
    };
    insta::assert_snapshot!(told("fault-role-name", "role", &role("{{ tenant.name }}", "other")), @"
    error: templates/tenant/role.yaml.j2: Role acme: spec.name must be `acme-a9231ac3a2`, which is how it is found again; it is `other`
      hint: to see the built-in template: mcpctl template export DIR
    ");
    insta::assert_snapshot!(told("fault-second-role", "own", &role("second", "other")), @"error: templates/tenant/own.yaml.j2: a tenant has one Role, called acme in mcpctl-system, not mcpctl-system/second");
    let policy = "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Policy\nmetadata:\n  name: a\n  namespace: {{ platformNamespace }}\n";
    insta::assert_snapshot!(told("fault-aws-kind", "own", policy), @"error: templates/tenant/own.yaml.j2: Policy a: in AWS a tenant has a Role and a PodIdentityAssociation, nothing else");
}

#[test]
fn of_what_keeps_a_role_small() {
    const BOUNDARY: &str = "arn:aws:iam::012345678901:policy/edge";
    const ROLE: &str = include_str!("../../../templates/tenant/role.yaml.j2");
    let bounded = |settings: &str| {
        let bounded = format!("permissionsBoundary: '{BOUNDARY}'");
        settings.replace("permissionsBoundary: none", &bounded)
    };
    let desk = desk("fault-bounds");
    let free = format!("{}templates: templates\n", crate::desk::SETTINGS);
    let told = |settings: &str, from: &str, to: &str| {
        assert!(ROLE.contains(from), "the built-in template holds {from}");
        desk.write("mcpctl.yaml", settings);
        desk.write("templates/tenant/role.yaml.j2", &ROLE.replace(from, to));
        desk.refusal(&["tenant", "add", "acme", "--dry-run"])
    };
    let boundary = "  permissionsBoundary: {{ role.boundary }}\n";
    let wide = "  permissionsBoundary: arn:aws:iam::aws:policy/AdministratorAccess\n";
    insta::assert_snapshot!(told(&bounded(&free), boundary, ""), @"
    error: templates/tenant/role.yaml.j2: Role acme: spec.permissionsBoundary must be {{ role.boundary }}, which is arn:aws:iam::012345678901:policy/edge here; it is none
      settings and tenant file say which boundary a role has, not a template
      hint: to see the built-in template: mcpctl template export DIR
    ");
    insta::assert_snapshot!(told(&bounded(&free), boundary, wide), @"
    error: templates/tenant/role.yaml.j2: Role acme: spec.permissionsBoundary must be {{ role.boundary }}, which is arn:aws:iam::012345678901:policy/edge here; it is arn:aws:iam::aws:policy/AdministratorAccess
      settings and tenant file say which boundary a role has, not a template
      hint: to see the built-in template: mcpctl template export DIR
    ");
    let path = "  path: {{ names.rolePath }}\n";
    insta::assert_snapshot!(told(&free, path, &format!("{path}{wide}")), @"
    error: templates/tenant/role.yaml.j2: Role acme: spec.permissionsBoundary must be {{ role.boundary }}, which is none here; it is arn:aws:iam::aws:policy/AdministratorAccess
      settings and tenant file say which boundary a role has, not a template
      hint: to see the built-in template: mcpctl template export DIR
    ");
    let inline = "  inlinePolicies: {{ role.inlinePolicies }}\n";
    let second = "  inlinePolicies:\n    mcpctl: {{ role.inlinePolicies.mcpctl }}\n    logs: {{ role.inlinePolicies.mcpctl }}\n";
    insta::assert_snapshot!(told(&free, inline, second), @"
    error: templates/tenant/role.yaml.j2: Role acme: spec.inlinePolicies.logs has no place: the one inline policy of a tenant's role is called mcpctl
      hint: write its statements into the tenant's policy, identity.policy or iam.policy of the settings
      hint: to see the built-in template: mcpctl template export DIR
    ");
    // As it is built in, with the boundary of the settings, it is whole.
    desk.write("mcpctl.yaml", &bounded(&free));
    desk.write("templates/tenant/role.yaml.j2", ROLE);
    assert!(desk.stream(&[]).contains(BOUNDARY));
}
