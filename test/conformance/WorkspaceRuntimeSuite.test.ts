import * as LocalRuntime from "@fibercast/engine/LocalRuntime"
import * as TestCluster from "@fibercast/testkit/TestCluster"
import { suite } from "./WorkspaceRuntimeSuite.ts"

suite("local", LocalRuntime.layer({ alone: false }))
suite("cluster", TestCluster.layerRuntime)
