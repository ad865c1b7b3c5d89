use real_estate::postgres::*;
use std::{path::Path, time::Instant};
#[tokio::main]
async fn main() {
    let t = Instant::now();
    let b = if std::env::args().nth(1).as_deref() == Some("wheel") {
        Binaries::wheel(Path::new(&std::env::args().nth(2).unwrap())).unwrap()
    } else {
        Binaries::find(std::env::args().nth(1).map(std::path::PathBuf::from).as_deref(), Path::new("/tmp"))
            .unwrap()
    };
    println!("find {:?} {} {} {:?}", t.elapsed(), b.version(), b.origin(), b.folder());
    let names: Vec<String> = ["orders-1", "orders-2", "orders-3"].map(str::to_owned).to_vec();
    for i in 0..3 {
        let t = Instant::now();
        let s = Servers::start(
            &b,
            &std::env::temp_dir().join(format!("mainstay-measure-{}", std::process::id())),
            &names,
            Replication::Asynchronous,
        )
        .await
        .unwrap();
        print!("start {:?}", t.elapsed());
        let home = std::fs::read_link(format!("/proc/{}/cwd", s.process("orders-1").unwrap())).unwrap();
        let du = std::process::Command::new("du").arg("-sm").arg(home.parent().unwrap()).output().unwrap();
        print!(" disk {}", String::from_utf8_lossy(&du.stdout).split('\t').next().unwrap());
        let t = Instant::now();
        let h = s.health("orders-1").await;
        print!(" health {h:?} {:?}", t.elapsed());
        let t = Instant::now();
        s.freeze("orders-1").unwrap();
        print!(" freeze {:?}", t.elapsed());
        let t = Instant::now();
        s.health("orders-1").await;
        print!(" frozen {:?}", t.elapsed());
        let t = Instant::now();
        s.crash("orders-1").unwrap();
        print!(" crash {:?}", t.elapsed());
        let t = Instant::now();
        s.promote("orders-2").await.unwrap();
        print!(" promote {:?}", t.elapsed());
        let t = Instant::now();
        let w = s.repoint("orders-3", "orders-2").await.unwrap();
        print!(" repoint {w:?} {:?}", t.elapsed());
        let t = Instant::now();
        let w = s.rejoin("orders-1", "orders-2").await.unwrap();
        print!(" rejoin {w:?} {:?}", t.elapsed());
        let t = Instant::now();
        s.restart("orders-3").await.unwrap();
        print!(" restart {:?}", t.elapsed());
        let t = Instant::now();
        s.demote("orders-2").await.unwrap();
        print!(" demote {:?}", t.elapsed());
        let t = Instant::now();
        s.stop().unwrap();
        println!(" stop {:?} {i}", t.elapsed());
    }
}
