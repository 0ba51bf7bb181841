"""Dumps of GLPI's database in its three families of schema, written as mysqldump writes them, with one content.

Column lists are those of GLPI's own installation scripts (0.72, 9.5, 11.0), shortened to what an import reads.
"""

OLD = r"""-- MySQL dump 10.11
/*!40101 SET NAMES latin1 */;
CREATE TABLE `glpi_computers` (
  `ID` int(11) NOT NULL auto_increment,
  `FK_entities` int(11) NOT NULL default '0',
  `name` varchar(200) collate utf8_unicode_ci default NULL,
  `serial` varchar(200) default NULL,
  `otherserial` varchar(200) default NULL,
  `FK_users` int(11) default NULL,
  `comments` text,
  `location` int(11) NOT NULL default '0',
  `model` int(11) NOT NULL default '0',
  `type` int(11) NOT NULL default '0',
  `is_template` smallint(6) NOT NULL default '0',
  `FK_glpi_enterprise` int(11) NOT NULL default '0',
  `deleted` smallint(6) NOT NULL default '0',
  `state` int(11) NOT NULL default '0',
  PRIMARY KEY  (`ID`)
) ENGINE=MyISAM;
INSERT INTO `glpi_computers` VALUES (1,0,'PC-COMPTA','SN1','INV-1',7,'Note; it\'s \"here\"\nand (there);',3,1,1,0,1,0,1),(2,0,'Trash','SNX','',0,'',0,0,0,0,0,1,0),(3,0,'Template','','',0,'',0,0,0,1,0,0,0);
CREATE TABLE `glpi_monitors` (
  `ID` int(11) NOT NULL,
  `name` varchar(200),
  `serial` varchar(200),
  `location` int(11),
  `model` int(11),
  `FK_glpi_enterprise` int(11),
  `deleted` smallint(6),
  `is_template` smallint(6)
);
INSERT INTO `glpi_monitors` VALUES (1,'Écran','MON1',2,1,1,0,0);
INSERT INTO `glpi_dropdown_model` (`ID`, `name`, `comments`) VALUES (1,'Latitude E6400',NULL);
INSERT INTO `glpi_dropdown_model_monitors` (`ID`, `name`) VALUES (1,'P1911');
INSERT INTO `glpi_type_computers` (`ID`, `name`) VALUES (1,'Portable');
INSERT INTO `glpi_dropdown_manufacturer` (`ID`, `name`) VALUES (1,'Dell');
INSERT INTO `glpi_dropdown_state` (`ID`, `name`) VALUES (1,'En service');
INSERT INTO `glpi_dropdown_locations` (`ID`, `FK_entities`, `name`, `parentID`, `completename`) VALUES (1,0,'Lyon',0,'Lyon'),(2,0,'Accueil',1,'Lyon > Accueil'),(3,0,'R&amp;D',1,'Lyon > R&amp;D');
INSERT INTO `glpi_users` (`ID`, `name`, `email`, `phone`, `realname`, `firstname`, `location`, `deleted`) VALUES (2,'glpi','','','','',0,0),(7,'jdupont','jeanne.dupont@example.fr','04 00','Dupont','Jeanne',2,0);
INSERT INTO `glpi_infocoms` (`ID`, `FK_device`, `device_type`, `buy_date`, `use_date`, `warranty_duration`, `FK_enterprise`, `num_commande`, `value`) VALUES (1,1,1,'2009-01-31','0000-00-00',37,1,'BC-9','1249.9000'),(2,1,4,'2009-02-01',NULL,-1,0,'','0.0000');
INSERT INTO `glpi_enterprises` (`ID`, `name`) VALUES (1,'Fournisseur A');
INSERT INTO `glpi_event` VALUES (1,'never read');
"""

_NEW = r"""-- MariaDB dump
CREATE TABLE `glpi_computers` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `entities_id` int unsigned NOT NULL DEFAULT '0',
  `name` varchar(255) DEFAULT NULL,
  `serial` varchar(255) DEFAULT NULL,
  `otherserial` varchar(255) DEFAULT NULL,
  `comment` text DEFAULT NULL,
  `locations_id` int unsigned NOT NULL DEFAULT '0',
  `computermodels_id` int unsigned NOT NULL DEFAULT '0',
  `computertypes_id` int unsigned NOT NULL DEFAULT '0',
  `is_template` tinyint NOT NULL DEFAULT '0',
  `manufacturers_id` int unsigned NOT NULL DEFAULT '0',
  `is_deleted` tinyint NOT NULL DEFAULT '0',
  `users_id` int unsigned NOT NULL DEFAULT '0',
  `states_id` int unsigned NOT NULL DEFAULT '0',
  `uuid` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `glpi_computers` VALUES
(1,0,'PC-COMPTA','SN1','INV-1','Note; it\'s \"here\"\nand (there);',3,1,1,0,1,0,7,1,_binary 'x'),
(2,0,'Trash','SNX','','',0,0,0,0,0,1,0,0,NULL),
(3,0,'Template','','','',0,0,0,1,0,0,0,0,NULL);
INSERT INTO `glpi_monitors` (`id`, `name`, `serial`, `locations_id`, `monitormodels_id`, `manufacturers_id`, `is_deleted`, `is_template`) VALUES (1,'Écran','MON1',2,1,1,0,0);
INSERT INTO `glpi_computermodels` (`id`, `name`) VALUES (1,'Latitude E6400');
INSERT INTO `glpi_monitormodels` (`id`, `name`) VALUES (1,'P1911');
INSERT INTO `glpi_computertypes` (`id`, `name`) VALUES (1,'Portable');
INSERT INTO `glpi_manufacturers` (`id`, `name`) VALUES (1,'Dell');
INSERT INTO `glpi_states` (`id`, `name`, `completename`) VALUES (1,'En service','Parc > En service');
INSERT INTO `glpi_suppliers` (`id`, `name`) VALUES (1,'Fournisseur A');
INSERT INTO `glpi_logs` VALUES (1,'never read');
"""
MIDDLE = (
    _NEW
    + r"""
INSERT INTO `glpi_locations` (`id`, `name`, `locations_id`, `completename`) VALUES (1,'Lyon',0,'Lyon'),(2,'Accueil',1,'Lyon > Accueil'),(3,'R&#38;D',1,'Lyon > R&#38;D');
INSERT INTO `glpi_users` (`id`, `name`, `phone`, `realname`, `firstname`, `locations_id`, `is_deleted`) VALUES (2,'glpi','','','',0,0),(7,'jdupont','04 00','Dupont','Jeanne',2,0);
INSERT INTO `glpi_useremails` (`id`, `users_id`, `is_default`, `email`) VALUES (1,7,0,'old@example.fr'),(2,7,1,'jeanne.dupont@example.fr');
INSERT INTO `glpi_infocoms` (`id`, `items_id`, `itemtype`, `buy_date`, `use_date`, `warranty_duration`, `suppliers_id`, `order_number`, `value`) VALUES (1,1,'Computer','2009-01-31',NULL,37,1,'BC-9','1249.9000'),(2,1,'Monitor','2009-02-01',NULL,-1,0,'','0.0000');
"""
)
RECENT = (
    _NEW
    + r"""
INSERT INTO `glpi_locations` (`id`, `name`, `locations_id`, `completename`, `address`, `postcode`, `town`) VALUES (1,'Lyon',0,'Lyon','1 rue de la République','69001','Lyon'),(2,'Accueil',1,'Lyon > Accueil','','',''),(3,'R&D',1,'Lyon > R&D','','','');
INSERT INTO `glpi_users` (`id`, `name`, `phone`, `realname`, `firstname`, `locations_id`, `is_deleted`, `registration_number`) VALUES (2,'glpi','','','',0,0,NULL),(6,'glpi-system','','','',0,0,NULL),(7,'jdupont','04 00','Dupont','Jeanne',2,0,'E012');
INSERT INTO `glpi_useremails` (`id`, `users_id`, `is_default`, `email`) VALUES (2,7,1,'jeanne.dupont@example.fr');
INSERT INTO `glpi_infocoms` (`id`, `items_id`, `itemtype`, `buy_date`, `use_date`, `warranty_duration`, `warranty_date`, `suppliers_id`, `order_number`, `value`, `businesscriticities_id`) VALUES (1,1,'Computer','2009-01-30',NULL,37,'2009-01-31',1,'BC-9','1249.9000',1);
INSERT INTO `glpi_businesscriticities` (`id`, `name`) VALUES (1,'Haute');
"""
)
FAMILIES = {"0.7": OLD.encode("cp1252"), "0.8 to 9": MIDDLE.encode(), "10 and 11": RECENT.encode()}
