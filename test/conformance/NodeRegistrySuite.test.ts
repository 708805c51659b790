import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { suite } from "./NodeRegistrySuite.ts"

suite("memory", NodeRegistry.layerMemory)
