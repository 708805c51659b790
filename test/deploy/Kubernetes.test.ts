import * as AlertSettings from "@fibercast/node/AlertSettings"
import { assert, describe, it } from "@effect/vitest"
import { patience } from "@fibercast/node/HealthCheck"
import { paths } from "@fibercast/node/HealthServer"
import { Effect, Schema } from "effect"
import * as IoK8sApiAppsV1Deployment from "kubernetes-models/_schemas/IoK8sApiAppsV1Deployment"
import * as IoK8sApiBatchV1Job from "kubernetes-models/_schemas/IoK8sApiBatchV1Job"
import * as IoK8sApiCoreV1ConfigMap from "kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap"
import * as IoK8sApiNetworkingV1NetworkPolicy from "kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy"
import * as IoK8sApiPolicyV1PodDisruptionBudget from "kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as DeployFolder from "./DeployFolder.ts"

// What Kubernetes itself does not know, its own schemas let pass; these know every field that the files use.

const Texts = Schema.Array(Schema.String)
const Labels = Schema.Record(Schema.String, Schema.String)
const Metadata = Schema.Struct({ name: Schema.String, labels: Labels })
const Selector = Schema.Struct({ matchLabels: Labels })

const Variable = Schema.Struct({
  name: Schema.String,
  value: Schema.optionalKey(Schema.String),
  valueFrom: Schema.optionalKey(
    Schema.Union([
      Schema.Struct({
        secretKeyRef: Schema.Struct({
          name: Schema.Literal("fibercast"),
          key: Schema.String,
          optional: Schema.optionalKey(Schema.Literal(true))
        })
      }),
      Schema.Struct({
        fieldRef: Schema.Struct({ fieldPath: Schema.Literals(["metadata.name", "status.podIP"]) })
      })
    ])
  )
})

const Probe = Schema.Struct({
  httpGet: Schema.Struct({ path: Schema.String, port: Schema.String }),
  periodSeconds: Schema.Int,
  timeoutSeconds: Schema.optionalKey(Schema.Int),
  failureThreshold: Schema.Int
})

const Container = Schema.Struct({
  name: Schema.String,
  image: Schema.String,
  command: Schema.optionalKey(Texts),
  args: Texts,
  envFrom: Schema.optionalKey(
    Schema.Array(Schema.Struct({ configMapRef: Schema.Struct({ name: Schema.Literal("fibercast") }) }))
  ),
  env: Schema.Array(Variable),
  ports: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String, containerPort: Schema.Int }))),
  startupProbe: Schema.optionalKey(Probe),
  livenessProbe: Schema.optionalKey(Probe),
  readinessProbe: Schema.optionalKey(Probe),
  resources: Schema.Struct({ requests: Labels, limits: Labels }),
  securityContext: Schema.Struct({
    allowPrivilegeEscalation: Schema.Literal(false),
    readOnlyRootFilesystem: Schema.Literal(true),
    capabilities: Schema.Struct({ drop: Schema.Tuple([Schema.Literal("ALL")]) })
  })
})

const Pod = Schema.Struct({
  metadata: Schema.Struct({ labels: Labels }),
  spec: Schema.Struct({
    restartPolicy: Schema.optionalKey(Schema.Literal("OnFailure")),
    terminationGracePeriodSeconds: Schema.optionalKey(Schema.Int),
    automountServiceAccountToken: Schema.Literal(false),
    securityContext: Schema.Struct({
      runAsNonRoot: Schema.Literal(true),
      runAsUser: Schema.Int,
      seccompProfile: Schema.Struct({ type: Schema.Literal("RuntimeDefault") })
    }),
    topologySpreadConstraints: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          maxSkew: Schema.Int,
          topologyKey: Schema.String,
          whenUnsatisfiable: Schema.String,
          labelSelector: Selector
        })
      )
    ),
    containers: Schema.Tuple([Container])
  })
})

const Deployed = Schema.Struct({
  apiVersion: Schema.Literal("apps/v1"),
  kind: Schema.Literal("Deployment"),
  metadata: Metadata,
  spec: Schema.Struct({
    replicas: Schema.Int,
    revisionHistoryLimit: Schema.Int,
    strategy: Schema.Struct({
      type: Schema.Literal("RollingUpdate"),
      rollingUpdate: Schema.Struct({ maxUnavailable: Schema.Int, maxSurge: Schema.Int })
    }),
    selector: Selector,
    template: Pod
  })
})

const Budget = Schema.Struct({
  apiVersion: Schema.Literal("policy/v1"),
  kind: Schema.Literal("PodDisruptionBudget"),
  metadata: Metadata,
  spec: Schema.Struct({ minAvailable: Schema.Int, selector: Selector })
})

const Policy = Schema.Struct({
  apiVersion: Schema.Literal("networking.k8s.io/v1"),
  kind: Schema.Literal("NetworkPolicy"),
  metadata: Metadata,
  spec: Schema.Struct({
    podSelector: Selector,
    policyTypes: Schema.Tuple([Schema.Literal("Ingress")]),
    ingress: Schema.Array(
      Schema.Struct({
        from: Schema.optionalKey(Schema.Array(Schema.Struct({ podSelector: Selector }))),
        ports: Schema.Array(Schema.Struct({ protocol: Schema.Literal("TCP"), port: Schema.String }))
      })
    )
  })
})

const Migration = Schema.Struct({
  apiVersion: Schema.Literal("batch/v1"),
  kind: Schema.Literal("Job"),
  metadata: Metadata,
  spec: Schema.Struct({ backoffLimit: Schema.Int, activeDeadlineSeconds: Schema.Int, template: Pod })
})

const Configuration = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("ConfigMap"),
  metadata: Metadata,
  data: Labels
})

const strictly = <A>(schema: Schema.Codec<A, unknown>, file: string, at: number): A =>
  DeployFolder.decode(schema, file, DeployFolder.documents(file)[at])

const config = strictly(Configuration, "kubernetes/config.yaml", 0)
const policy = strictly(Policy, "kubernetes/network.yaml", 0)
const migration = strictly(Migration, "kubernetes/migrate.yaml", 0)
const roles = ["engine", "sender"].map((role) => ({
  role,
  deployment: strictly(Deployed, `kubernetes/${role}.yaml`, 0),
  budget: strictly(Budget, `kubernetes/${role}.yaml`, 1)
}))

const of = (role: string) => roles.find((one) => one.role === role) ?? assert.fail(role)

const valueOf = ({ value, valueFrom }: typeof Variable.Type): string | undefined => {
  if (valueFrom === undefined) return value
  return "fieldRef" in valueFrom ? "10.0.0.1" : undefined
}

/** What the container finds in its environment, secrets left out. */
const environment = ({ env, envFrom = [] }: typeof Container.Type): Readonly<Record<string, string>> => ({
  ...(envFrom.length > 0 ? config.data : {}),
  ...Object.fromEntries(
    env.flatMap((variable) => {
      const value = valueOf(variable)
      return value === undefined ? [] : [[variable.name, value]]
    })
  )
})

const alerting: ReadonlyArray<string> = Object.values(AlertSettings.settings).map(({ variable }) => variable)

/** By kind, what Kubernetes itself says of an object. */
const judges: Readonly<Record<string, { readonly validate: (data: unknown) => boolean }>> = {
  ConfigMap: IoK8sApiCoreV1ConfigMap,
  Deployment: IoK8sApiAppsV1Deployment,
  Job: IoK8sApiBatchV1Job,
  NetworkPolicy: IoK8sApiNetworkingV1NetworkPolicy,
  PodDisruptionBudget: IoK8sApiPolicyV1PodDisruptionBudget
}

describe("the Kubernetes objects", () => {
  it.each(["config", "network", "migrate", "engine", "sender"])("of %s.yaml are as Kubernetes defines them", (name) => {
    for (const document of DeployFolder.documents(`kubernetes/${name}.yaml`)) {
      const { kind } = DeployFolder.decode(Schema.Struct({ kind: Schema.String }), name, document, "ignore")
      assert.isTrue(judges[kind]?.validate(document), `${name} ${kind}`)
    }
    assert.isFalse(IoK8sApiAppsV1Deployment.validate({ ...roles[0]?.deployment, spec: { replicas: "two" } }))
  })

  it.live.each(["engine", "sender"])("start a node of the role %s with arguments and settings that it takes", (role) =>
    Effect.gen(function* () {
      const [container] = of(role).deployment.spec.template.spec.containers
      const env = environment(container)
      DeployFolder.assertSettings([...Object.keys(config.data), ...container.env.map(({ name }) => name)], role)
      assert.isTrue(DeployFolder.isFile(env["FIBERCAST_APP"] ?? ""))
      const shown = yield* DeployFolder.checked(container.args, env)
      assert.match(shown, new RegExp(`^FIBERCAST_ROLES +${role}\n`, "u"))
      assert.match(shown, /\nFIBERCAST_HEALTH_HOST +0\.0\.0\.0\n/u, "the kubelet asks from outside of the pod")
    })
  )

  it.each(["engine", "sender"])("ask a node of the role %s for its health where it tells it", (role) => {
    const [container] = of(role).deployment.spec.template.spec.containers
    const port = container.ports?.find(({ name }) => name === "health")?.containerPort
    assert.strictEqual(String(port), environment(container)["FIBERCAST_HEALTH_PORT"])
    const { livenessProbe, readinessProbe, startupProbe } = container
    for (const probe of [livenessProbe, readinessProbe, startupProbe]) {
      assert.strictEqual(probe?.httpGet.port, "health")
      DeployFolder.assertHealthPath(probe?.httpGet.path ?? "", role)
    }
    assert.strictEqual(livenessProbe?.httpGet.path, paths.live, "a node that is not ready is not to be killed")
    assert.strictEqual(readinessProbe?.httpGet.path, paths.ready)
    assert.isAbove((readinessProbe?.timeoutSeconds ?? 1) * 1000, patience, "a check that hangs is told as such")
  })

  it.each(["engine", "sender"])("give a node of the role %s the time that it may take to drain", (role) => {
    const { spec } = of(role).deployment.spec.template
    const needed = DeployFolder.stopSeconds(environment(spec.containers[0]))
    assert.isAtLeast(spec.terminationGracePeriodSeconds ?? 30, needed)
  })

  it.each(["engine", "sender"])(
    "of the role %s name each other rightly, and keep one while nodes are moved",
    (role) => {
      const { budget, deployment } = of(role)
      const { matchLabels } = deployment.spec.selector
      assert.deepStrictEqual(deployment.spec.template.metadata.labels, matchLabels)
      assert.deepStrictEqual(budget.spec.selector.matchLabels, matchLabels)
      assert.isBelow(budget.spec.minAvailable, deployment.spec.replicas)
      for (const { labelSelector } of deployment.spec.template.spec.topologySpreadConstraints ?? []) {
        assert.deepStrictEqual(labelSelector.matchLabels, matchLabels)
      }
      assert.strictEqual(matchLabels["app.kubernetes.io/component"], role)
    }
  )

  it("let engines reach each other where they say", () => {
    const [container] = of("engine").deployment.spec.template.spec.containers
    const port = container.ports?.find(({ name }) => name === "cluster")?.containerPort
    assert.strictEqual(String(port), environment(container)["FIBERCAST_CLUSTER_PORT"])
    const host = container.env.find(({ name }) => name === "FIBERCAST_CLUSTER_HOST")
    assert.deepStrictEqual(host?.valueFrom, { fieldRef: { fieldPath: "status.podIP" } })
  })

  it("let nobody but engines reach the port of the cluster, and anybody that of health", () => {
    const { matchLabels } = of("engine").deployment.spec.selector
    assert.deepStrictEqual(policy.spec.podSelector.matchLabels, matchLabels)
    const [container] = of("engine").deployment.spec.template.spec.containers
    for (const { name } of container.ports ?? []) {
      const rules = policy.spec.ingress.filter(({ ports }) => ports.some(({ port }) => port === name))
      const from = name === "cluster" ? [{ podSelector: { matchLabels } }] : undefined
      assert.deepStrictEqual(
        rules.map((rule) => rule.from),
        [from],
        name
      )
    }
  })

  it("keep secrets out of the files", () => {
    for (const { env } of [...roles.map(({ deployment }) => deployment), migration].flatMap(
      ({ spec }) => spec.template.spec.containers
    )) {
      for (const { name, value, valueFrom } of env) {
        if (name !== "DATABASE_URL" && name !== "NATS_URL" && !alerting.includes(name)) continue
        assert.isUndefined(value)
        const optional = alerting.includes(name) ? ({ optional: true } as const) : {}
        assert.deepStrictEqual(valueFrom, { secretKeyRef: { name: "fibercast", key: name, ...optional } })
      }
    }
  })

  it("let every node tell people of alerts, if the Secret says how", () => {
    for (const { deployment } of roles) {
      const [{ env }] = deployment.spec.template.spec.containers
      assert.includeMembers(
        env.map(({ name }) => name),
        [...alerting]
      )
    }
  })

  it.live("migrate with a command that there is", () =>
    Effect.gen(function* () {
      const [{ args, command, env }] = migration.spec.template.spec.containers
      DeployFolder.assertSettings(
        env.map(({ name }) => name),
        "migrate"
      )
      assert.deepStrictEqual(command, ["node", "services/cli/bin/fibercast.mjs"])
      const { url: DATABASE_URL } = yield* TestDatabase
      const ran = yield* Program.run({ folder: yield* tempFolder, env: { DATABASE_URL } }, [...args, "--status"])
      assert.deepStrictEqual([ran.code, ran.stderr], [0, ""])
    }).pipe(Effect.scoped, Effect.provide([TestDatabase.layer, NodeServices.layer]))
  )
})
