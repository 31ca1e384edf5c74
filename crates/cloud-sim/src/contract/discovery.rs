//! Google's discovery documents as the OpenAPI description that [`Contract`](super::Contract) reads.
//!
//! Their schemas are close to JSON Schema: references are bare names, numbers have their bounds as
//! texts, and 64-bit integers are strings. A field that a schema does not name is an error here.

use serde_json::{Map, Value, json};

/// One description of all documents; the schemas of each are named after it.
#[must_use]
pub fn openapi(documents: &[Value]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Failure".to_owned(), failure());
    for document in documents {
        let api = document["name"].as_str().unwrap_or_default();
        for (name, schema) in document["schemas"].as_object().into_iter().flatten() {
            schemas.insert(format!("{api}.{name}"), convert(api, schema));
        }
        add_methods(api, document, &document["parameters"], &mut paths);
    }
    json!({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}})
}

/// Adds the methods of a resource and of those inside it.
fn add_methods(api: &str, resource: &Value, shared: &Value, paths: &mut Map<String, Value>) {
    for method in resource["methods"].as_object().into_iter().flatten().map(|(_, method)| method) {
        let path = method["flatPath"].as_str().or(method["path"].as_str()).unwrap_or_default();
        let verb = method["httpMethod"].as_str().unwrap_or_default().to_lowercase();
        let place = paths.entry(format!("/{path}")).or_insert_with(|| json!({}));
        place[verb] = operation(api, method, shared);
    }
    for inner in resource["resources"].as_object().into_iter().flatten().map(|(_, inner)| inner) {
        add_methods(api, inner, shared, paths);
    }
}

fn operation(api: &str, method: &Value, shared: &Value) -> Value {
    let content = |reference: &str| json!({"application/json": {"schema": {"$ref": reference}}});
    let all = [&method["parameters"], shared];
    let parameters = all.into_iter().filter_map(Value::as_object).flatten();
    let parameters: Vec<Value> = parameters.map(|(name, parameter)| convert_parameter(name, parameter)).collect();
    let mut operation = json!({
        "parameters": parameters,
        "responses": {
            "4XX": {"content": content("#/components/schemas/Failure")},
            "5XX": {"content": content("#/components/schemas/Failure")},
        },
    });
    if let Some(name) = method["response"]["$ref"].as_str() {
        operation["responses"]["200"] = json!({"content": content(&format!("#/components/schemas/{api}.{name}"))});
    }
    if let Some(name) = method["request"]["$ref"].as_str() {
        operation["requestBody"] = json!({"content": content(&format!("#/components/schemas/{api}.{name}"))});
    }
    operation
}

fn convert_parameter(name: &str, parameter: &Value) -> Value {
    let mut schema = convert("", parameter);
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    if parameter["repeated"] == true {
        schema = json!({"type": "array", "items": schema});
    }
    json!({
        "name": name,
        "in": parameter["location"],
        "required": parameter["required"] == true,
        "schema": schema,
    })
}

fn convert(api: &str, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return json!({"$ref": format!("#/components/schemas/{api}.{name}")});
    }
    let mut converted = Map::new();
    for key in ["type", "enum", "pattern"] {
        if let Some(value) = schema.get(key).filter(|value| **value != "any") {
            converted.insert(key.to_owned(), value.clone());
        }
    }
    if let Some("int64" | "uint64") = schema["format"].as_str() {
        converted.insert("pattern".to_owned(), json!("^-?[0-9]+$"));
    }
    for key in ["minimum", "maximum"] {
        if let Some(bound) = schema[key].as_str().and_then(|bound| bound.parse::<f64>().ok()) {
            converted.insert(key.to_owned(), json!(bound));
        }
    }
    if let Some(items) = schema.get("items") {
        converted.insert("items".to_owned(), convert(api, items));
    }
    let others = schema.get("additionalProperties").map(|others| convert(api, others));
    if let Some(properties) = schema["properties"].as_object() {
        let properties = properties.iter().map(|(name, inner)| (name.clone(), convert(api, inner)));
        converted.insert("properties".to_owned(), Value::Object(properties.collect()));
    }
    if schema["type"] == "object" && schema.get("properties").or(schema.get("additionalProperties")).is_some() {
        converted.insert("additionalProperties".to_owned(), others.unwrap_or_else(|| json!(false)));
    }
    Value::Object(converted)
}

/// The body of every error, which discovery documents leave out,
/// <https://cloud.google.com/apis/design/errors#http_mapping>.
fn failure() -> Value {
    let text = json!({"type": "string"});
    let cause = json!({
        "type": "object",
        "required": ["message", "domain", "reason"],
        "properties": {"message": text, "domain": text, "reason": text},
        "additionalProperties": false,
    });
    let error = json!({
        "type": "object",
        "required": ["code", "message", "errors"],
        "properties": {
            "code": {"type": "integer"},
            "message": text,
            "status": text,
            "errors": {"type": "array", "minItems": 1, "items": cause},
            "details": {"type": "array", "items": {"type": "object", "required": ["@type"]}},
        },
        "additionalProperties": false,
    });
    json!({"type": "object", "required": ["error"], "properties": {"error": error}, "additionalProperties": false})
}
