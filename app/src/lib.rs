//! stand-in
use serde::Serialize;
#[derive(Clone)] pub struct Host { data: std::path::PathBuf }
#[derive(Debug, Serialize)] pub struct Problem { pub code: &'static str, pub message: String, pub field: Option<String> }
pub struct Options { pub data: std::path::PathBuf }
impl Host {
 pub fn open(o: Options) -> Result<Host, Problem> { std::fs::create_dir_all(&o.data).unwrap(); Ok(Host{data:o.data}) }
 pub async fn call(&self, name: &str, _p: serde_json::Value) -> Result<serde_json::Value, Problem> {
  if name=="workspace.status" { return Ok(serde_json::json!({"version":"0.1.0","device_name":"laptop","person_name":"Ada","key_home":"file","language":std::env::var("STUB_LANG").ok(),"theme":std::env::var("STUB_THEME").unwrap_or("system".into()),"accounts":[]})) }
  if name=="project.list" { return Ok(serde_json::json!([])) }
  if name=="sync.badge" { return Ok(serde_json::json!({"state":"local","pending":0,"refused":0,"detail":null,"proven_at":null})) }
  Err(Problem{code:"internal",message:name.into(),field:None}) }
 pub fn changes(&self) -> tokio::sync::broadcast::Receiver<Vec<&'static str>> { let (t,r)=tokio::sync::broadcast::channel(4); std::mem::forget(t); r }
 pub fn close(&self) { eprintln!("closed"); }
 pub fn data(&self) -> &std::path::Path { &self.data }
}
#[cfg(feature="desktop")] pub mod window;
