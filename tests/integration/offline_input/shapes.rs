//! Fields in the form of the Kubernetes API and of the load balancer: what these would refuse after the first write.

use super::{to_flags, to_specs};

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one list of short cases and its answers"
)]
fn an_unknown_key_or_value_in_a_shape() {
    insta::assert_snapshot!(
        to_specs("shape-keys", &[
            "  env: [{name: A, valueFrom: {secretRef: {name: a, key: b}}}]",
            "  env: [{name: A, valueFrom: {secretKeyRef: {name: a, kye: b}}}]",
            "  env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.nam}}}]",
            "  env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.x, apiVersion: v1}}}]",
            "  env: [{name: A, valueFrom: {resourceFieldRef: {resource: limit.cpu}}}]",
            "  envFrom: [{secret: {name: a}}]",
            "  tolerations: [{key: a, operater: Exists}]",
            "  tolerations:\n  - key: a\n    operator: Equals",
            "  tolerations: [{key: a, effect: NoSchedul}]",
            "  affinity: {nodeAfinity: {}}",
            "  affinity:\n    nodeAffinity:\n      requiredDuringScheduling: {}",
            "  affinity:\n    podAntiAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n      - topologyKey: a\n        labelSelectr: {}",
            "  affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: in, values: [x]}]}}]}}",
            "  egress:\n  - podSelector: {matchLabel: {a: b}}\n    ports: [80]",
            "  egress: [{namespaceSelector: {matchExpressions: [{key: a, operator: Gt, values: [1]}]}, ports: [80]}]",
            "  auth: {mode: jwt, claims: [{name: a, format: string, values: [x]}]}",
            "  auth: {mode: jwt, claims: [{name: a, format: string-array, value: [x]}]}",
        ]),
        @"
    error: acme.yaml:5:31: spec.env[0].valueFrom.secretRef: unknown key `secretRef`
      hint: did you mean `secretKeyRef`?

    error: acme.yaml:5:55: spec.env[0].valueFrom.secretKeyRef.kye: unknown key `kye`
      known: name, key, optional

    error: acme.yaml:5:53: spec.env[0].valueFrom.fieldRef.fieldPath: `metadata.nam` is no field of the pod that a variable can take; did you mean `metadata.name`?

    error: acme.yaml:5:53: spec.env[0].valueFrom.fieldRef.fieldPath: `status.x` is no field of the pod that a variable can take; did you mean `status.podIP`?

    error: acme.yaml:5:60: spec.env[0].valueFrom.resourceFieldRef.resource: `limit.cpu` is no request or limit; did you mean `limits.cpu`?

    error: acme.yaml:5:14: spec.envFrom[0].secret: unknown key `secret`
      hint: did you mean `secretRef`?

    error: acme.yaml:5:26: spec.tolerations[0].operater: unknown key `operater`
      5 |   tolerations: [{key: a, operater: Exists}]
      hint: did you mean `operator`?

    error: acme.yaml:7:15: spec.tolerations[0].operator: unknown value `Equals`
      7 |     operator: Equals
      hint: did you mean `Equal`?

    error: acme.yaml:5:34: spec.tolerations[0].effect: unknown value `NoSchedul`
      5 |   tolerations: [{key: a, effect: NoSchedul}]
      hint: did you mean `NoSchedule`?

    error: acme.yaml:5:14: spec.affinity.nodeAfinity: unknown key `nodeAfinity`
      5 |   affinity: {nodeAfinity: {}}
      hint: did you mean `nodeAffinity`?

    error: acme.yaml:7:7: spec.affinity.nodeAffinity.requiredDuringScheduling: unknown key `requiredDuringScheduling`
      7 |       requiredDuringScheduling: {}
      hint: did you mean `requiredDuringSchedulingIgnoredDuringExecution`?

    error: acme.yaml:9:9: spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelectr: unknown key `labelSelectr`
      9 |         labelSelectr: {}
      hint: did you mean `labelSelector`?

    error: acme.yaml:5:142: spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].operator: unknown value `in`
      5 |   affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: in, values: [x]}]}}]}}
      known: In, NotIn, Exists, DoesNotExist, Gt, Lt

    error: acme.yaml:6:19: spec.egress[0].podSelector.matchLabel: unknown key `matchLabel`
      6 |   - podSelector: {matchLabel: {a: b}}
      hint: did you mean `matchLabels`?

    error: acme.yaml:5:71: spec.egress[0].namespaceSelector.matchExpressions[0].operator: unknown value `Gt`
      5 |   egress: [{namespaceSelector: {matchExpressions: [{key: a, operator: Gt, values: [1]}]}, ports: [80]}]
      known: In, NotIn, Exists, DoesNotExist

    error: acme.yaml:5:48: spec.auth.claims[0].format: unknown value `string`
      5 |   auth: {mode: jwt, claims: [{name: a, format: string, values: [x]}]}
      hint: did you mean `string-array`?

    error: acme.yaml:5:62: spec.auth.claims[0].value: unknown key `value`
      5 |   auth: {mode: jwt, claims: [{name: a, format: string-array, value: [x]}]}
      hint: did you mean `values`?
    "
    );
}

#[test]
fn a_wrong_type_or_a_missing_field_in_a_shape() {
    insta::assert_snapshot!(
        to_specs("shape-types", &[
            "  env: [{name: A, valueFrom: secret}]",
            "  env: [{name: A, valueFrom: {secretKeyRef: {name: a}}}]",
            "  env: [{name: A, valueFrom: {configMapKeyRef: {name: a, key: b, optional: maybe}}}]",
            "  envFrom: {secretRef: {name: a}}",
            "  envFrom: [{secretRef: a}]",
            "  tolerations: {key: a}",
            "  tolerations: [{key: a, effect: NoExecute, tolerationSeconds: soon}]",
            "  affinity: [a]",
            "  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}",
            "  affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {}}]}}",
            "  egress: [{podSelector: a, ports: [80]}]",
            "  egress: [{podSelector: {matchLabels: [a]}, ports: [80]}]",
            "  imagePullSecrets: [registry]",
            "  nodeSelector: [a]",
            "  auth: {mode: jwt, claims: {name: a}}",
        ]),
        @"
    error: acme.yaml:5:30: spec.env[0].valueFrom: expected a map

    error: acme.yaml:5:46: spec.env[0].valueFrom.secretKeyRef: `key` is missing

    error: acme.yaml:5:76: spec.env[0].valueFrom.configMapKeyRef.optional: expected true or false

    error: acme.yaml:5:12: spec.envFrom: expected a list, found a map

    error: acme.yaml:5:25: spec.envFrom[0].secretRef: expected a map

    error: acme.yaml:5:16: spec.tolerations: expected a list, found a map
      5 |   tolerations: {key: a}

    error: acme.yaml:5:64: spec.tolerations[0].tolerationSeconds: expected a whole number, found `soon`
      5 |   tolerations: [{key: a, effect: NoExecute, tolerationSeconds: soon}]

    error: acme.yaml:5:13: spec.affinity: expected a map, found a list
      5 |   affinity: [a]

    error: acme.yaml:5:78: spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]: `topologyKey` is missing
      5 |   affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}

    error: acme.yaml:5:88: spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: 101 is not a weight: 1 to 100
      5 |   affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {}}]}}

    error: acme.yaml:5:26: spec.egress[0].podSelector: expected a map, found `a`
      5 |   egress: [{podSelector: a, ports: [80]}]

    error: acme.yaml:5:40: spec.egress[0].podSelector.matchLabels: expected a map, found a list
      5 |   egress: [{podSelector: {matchLabels: [a]}, ports: [80]}]

    error: acme.yaml:5:22: spec.imagePullSecrets[0]: expected a map, found `registry`
      5 |   imagePullSecrets: [registry]

    error: acme.yaml:5:17: spec.nodeSelector: expected a map, found a list
      5 |   nodeSelector: [a]

    error: acme.yaml:5:29: spec.auth.claims: expected a list, found a map
      5 |   auth: {mode: jwt, claims: {name: a}}
    "
    );
}

#[test]
fn a_shape_whose_fields_contradict_each_other() {
    insta::assert_snapshot!(
        to_specs("shape-rules", &[
            "  env: [{name: A, valueFrom: {}}]",
            "  env:\n  - name: A\n    valueFrom:\n      secretKeyRef: {name: a, key: b}\n      fieldRef: {fieldPath: metadata.name}",
            "  env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1Mi}}}]",
            "  envFrom: [{prefix: A_}]",
            "  envFrom: [{secretRef: {name: a}, configMapRef: {name: b}}]",
            "  tolerations: [{effect: NoSchedule}]",
            "  tolerations:\n  - key: a\n    operator: Exists\n    value: b",
            "  tolerations: [{key: a, tolerationSeconds: 5}]",
            "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}",
            "  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, matchLabelKeys: [b]}]}}",
            "  egress: [{podSelector: {matchExpressions: [{key: a, operator: In}]}, ports: [80]}]",
            "  egress: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}, ports: [80]}]",
            "  auth: {mode: jwt, claims: [{name: iss, format: single-string, values: [a]}]}",
            "  auth: {mode: jwt, claims: [{name: scope, format: space-separated-values, values: [a b]}]}",
            "  auth: {mode: jwt, claims: [{name: a, format: string-array, values: []}]}",
            "  auth: {mode: server, claims: [{name: a, format: string-array, values: [b]}]}",
        ]),
        @"
    error: acme.yaml:5:30: spec.env[0].valueFrom: one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef is missing

    error: acme.yaml:8:7: spec.env[0].valueFrom: fieldRef and secretKeyRef exclude each other

    error: acme.yaml:5:49: spec.env[0].valueFrom.resourceFieldRef: divisor 1Mi does not suit limits.cpu: one of 1m, 1

    error: acme.yaml:5:13: spec.envFrom[0]: one of configMapRef, secretRef is missing

    error: acme.yaml:5:13: spec.envFrom[0]: configMapRef and secretRef exclude each other

    error: acme.yaml:5:17: spec.tolerations[0]: a toleration without key needs operator: Exists
      5 |   tolerations: [{effect: NoSchedule}]

    error: acme.yaml:6:5: spec.tolerations[0]: operator Exists takes no value
      6 |   - key: a

    error: acme.yaml:5:17: spec.tolerations[0]: tolerationSeconds needs effect: NoExecute
      5 |   tolerations: [{key: a, tolerationSeconds: 5}]

    error: acme.yaml:5:77: spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution: nodeSelectorTerms is empty; at least one term is needed
      5 |   affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}

    error: acme.yaml:5:77: spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]: matchLabelKeys and mismatchLabelKeys need labelSelector
      5 |   affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, matchLabelKeys: [b]}]}}

    error: acme.yaml:5:46: spec.egress[0].podSelector.matchExpressions[0]: operators In and NotIn need values
      5 |   egress: [{podSelector: {matchExpressions: [{key: a, operator: In}]}, ports: [80]}]

    error: acme.yaml:5:46: spec.egress[0].podSelector.matchExpressions[0]: operators Exists and DoesNotExist take no values
      5 |   egress: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}, ports: [80]}]

    error: acme.yaml:5:30: spec.auth.claims[0]: claim `iss` is always checked; leave it out
      5 |   auth: {mode: jwt, claims: [{name: iss, format: single-string, values: [a]}]}

    error: acme.yaml:5:30: spec.auth.claims[0]: claim `scope`: a value of format space-separated-values holds no space; list each
      5 |   auth: {mode: jwt, claims: [{name: scope, format: space-separated-values, values: [a b]}]}

    error: acme.yaml:5:30: spec.auth.claims[0]: claim `a` has 0 values; 1 to 10 are allowed
      5 |   auth: {mode: jwt, claims: [{name: a, format: string-array, values: []}]}

    error: tenant `acme` is not complete or contradicts itself
      spec.auth: issuer, jwksEndpoint and claims belong to mode jwt
        auth.mode from acme.yaml:5:16, auth.claims from acme.yaml:5:32
    "
    );
}

#[test]
fn a_name_or_a_value_that_a_shape_does_not_take() {
    insta::assert_snapshot!(
        to_specs("shape-names", &[
            "  env: [{name: A, valueFrom: {secretKeyRef: {name: My_Secret, key: b}}}]",
            "  env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b/c}}}]",
            "  envFrom: [{prefix: A-, secretRef: {name: a}}]",
            "  imagePullSecrets: [{name: Registry}]",
            "  priorityClassName: High",
            "  tolerations: [{key: a b, operator: Exists}]",
            "  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: ''}]}}",
            "  egress: [{podSelector: {matchLabels: {a: b c}}, ports: [80]}]",
            "  egress: [{podSelector: {matchLabels: {a b: c}}, ports: [80]}]",
            "  auth: {mode: jwt, issuer: ''}",
            "  auth: {mode: jwt, jwksEndpoint: http://id.example.com/jwks}",
            "  auth: {mode: jwt, jwksEndpoint: https://id.example.com}",
        ]),
        @"
    error: acme.yaml:5:52: spec.env[0].valueFrom.secretKeyRef.name: `My_Secret` is not a name: at most 253 of a-z, 0-9, `-`, `.`, with a letter or digit at both ends of each part

    error: acme.yaml:5:60: spec.env[0].valueFrom.secretKeyRef.key: `b/c` is not a key of a Secret or ConfigMap: at most 253 of A-Z, a-z, 0-9, `-`, `_`, `.`

    error: acme.yaml:5:22: spec.envFrom[0].prefix: variable `A-` holds `-`; letters, digits and `_` are allowed

    error: acme.yaml:5:29: spec.imagePullSecrets[0].name: `Registry` is not a name: at most 253 of a-z, 0-9, `-`, `.`, with a letter or digit at both ends of each part
      5 |   imagePullSecrets: [{name: Registry}]

    error: acme.yaml:5:22: spec.priorityClassName: `High` is not a name: at most 253 of a-z, 0-9, `-`, `.`, with a letter or digit at both ends of each part
      5 |   priorityClassName: High

    error: acme.yaml:5:23: spec.tolerations[0].key: `a b` is not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      5 |   tolerations: [{key: a b, operator: Exists}]

    error: acme.yaml:5:91: spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: `` is not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      5 |   affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: ''}]}}

    error: acme.yaml:5:44: spec.egress[0].podSelector.matchLabels.a: `b c` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      5 |   egress: [{podSelector: {matchLabels: {a: b c}}, ports: [80]}]

    error: acme.yaml:5:41: spec.egress[0].podSelector.matchLabels.a b: `a b` is not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      5 |   egress: [{podSelector: {matchLabels: {a b: c}}, ports: [80]}]

    error: acme.yaml:5:29: spec.auth.issuer: an issuer is empty
      5 |   auth: {mode: jwt, issuer: ''}

    error: acme.yaml:5:35: spec.auth.jwksEndpoint: `http://id.example.com/jwks` is not a URL such as https://login.example.com/.well-known/jwks.json
      5 |   auth: {mode: jwt, jwksEndpoint: http://id.example.com/jwks}

    error: acme.yaml:5:35: spec.auth.jwksEndpoint: `https://id.example.com` is not a URL such as https://login.example.com/.well-known/jwks.json
      5 |   auth: {mode: jwt, jwksEndpoint: https://id.example.com}
    "
    );
    let long = format!(
        "  auth: {{mode: jwt, jwksEndpoint: https://id.example.com/{}}}",
        "a".repeat(240)
    );
    let said = to_specs("shape-long", &[&long]);
    assert!(
        said.contains("a value has 263 characters; the load balancer takes 256"),
        "{said}"
    );
    let claim = "{name: a, format: string-array, values: [b]}";
    let many = format!(
        "  auth: {{mode: jwt, issuer: i, jwksEndpoint: 'https://a.example.com/j', claims: [{}]}}",
        [claim; 11].join(", ")
    );
    let said = to_specs("shape-many", &[&many]);
    assert!(
        said.contains("spec.auth.claims: a load balancer takes 10"),
        "{said}"
    );
}

#[test]
fn a_shape_given_by_a_flag() {
    insta::assert_snapshot!(
        to_flags("shape-flags", &[
            &["--set", "env=[{name: A, valueFrom: {secretKeyRef: {name: a, kye: b}}}]"],
            &["--set", "envFrom=[{secretRef: {name: a}, configMapRef: {name: b}}]"],
            &["--set", "tolerations=[{key: a, operator: Exist}]"],
            &["--set", "affinity={nodeAfinity: {}}"],
            &["--set", "affinity.nodeAffinity.required={}"],
            &["--set", "egress=[{podSelector: {matchLabel: {a: b}}, ports: [80]}]"],
            &["--set", "auth.claims=[{name: a, format: string, values: [x]}]"],
            &["--set", "auth.jwksEndpoint=http://id.example.com/jwks"],
            &["--set", "priorityClassName=[high]"],
            &["--set", "imagePullSecrets=[registry]"],
        ]),
        @"
    $ --set env=[{name: A, valueFrom: {secretKeyRef: {name: a, kye: b}}}]
    error: --set env: env[0].valueFrom.secretKeyRef.kye: unknown key `kye`
      known: name, key, optional

    $ --set envFrom=[{secretRef: {name: a}, configMapRef: {name: b}}]
    error: --set envFrom: envFrom[0]: configMapRef and secretRef exclude each other

    $ --set tolerations=[{key: a, operator: Exist}]
    error: --set tolerations: tolerations[0].operator: unknown value `Exist`
      hint: did you mean `Exists`?

    $ --set affinity={nodeAfinity: {}}
    error: --set affinity: affinity.nodeAfinity: unknown key `nodeAfinity`
      hint: did you mean `nodeAffinity`?

    $ --set affinity.nodeAffinity.required={}
    error: --set affinity.nodeAffinity.required: unknown key `required`
      hint: did you mean `requiredDuringSchedulingIgnoredDuringExecution`?

    $ --set egress=[{podSelector: {matchLabel: {a: b}}, ports: [80]}]
    error: --set egress: egress[0].podSelector.matchLabel: unknown key `matchLabel`
      hint: did you mean `matchLabels`?

    $ --set auth.claims=[{name: a, format: string, values: [x]}]
    error: --set auth.claims: auth.claims[0].format: unknown value `string`
      hint: did you mean `string-array`?

    $ --set auth.jwksEndpoint=http://id.example.com/jwks
    error: --set auth.jwksEndpoint: `http://id.example.com/jwks` is not a URL such as https://login.example.com/.well-known/jwks.json

    $ --set priorityClassName=[high]
    error: --set priorityClassName: expected a single value, found a list

    $ --set imagePullSecrets=[registry]
    error: --set imagePullSecrets: imagePullSecrets[0]: expected a map, found `registry`
    "
    );
}
