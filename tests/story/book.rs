//! Importing the ERP's files, and reports over them.

use crate::house::House;
use serde_json::json;

#[test]
fn a_folder_is_imported_and_again_changes_nothing() {
    let house = House::with_book();
    let again = house.json(&["import", "book"]);
    assert_eq!(again[0]["kind"], "clients");
    assert_eq!(again[0]["new"], 0);
    assert_eq!(again[0]["updated"], 6);
    let rows = house.json(&["report", "run", "contracts", "--filter", "contract_id=11"]);
    assert_eq!(
        rows[0],
        json!({
            "contract_id": 11, "contract_status": "active", "access_status": "auto_block",
            "plan": "Fibra 500", "seller": null, "branch": null, "activated_on": "2022-05-03",
            "client_id": 1, "client_name": "Ana Lima", "client_active": true,
            "person_type": "individual", "city": "Chapecó", "district": null,
            "birth_date": "1991-11-23", "mobile": "+5549999990001", "email": "ana@example.com",
            "open_invoices": 2, "overdue_invoices": 1, "oldest_due_on": "2026-11-10",
            "overdue_days": 13, "overdue_total": 99.9, "portfolio": "Boleto", "has_app": true
        })
    );
}
